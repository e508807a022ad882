/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "engine/userns.h"
#include "engine/userns_share.h"
#include "store/advice.h"

static int load_storage(struct engine *engine, struct keg_err *err)
{
	const struct engine_request *req = &engine->request;
	struct store_config_request want = {
		.rootless = engine->rootless,
		.uid = userns_owner(),
		.graphroot = req->root,
		.runroot = req->runroot,
		.driver = req->storage_driver,
		.imagestore = req->imagestore,
	};

	if (req->storage_opts) {
		want.options = (const char *const *)req->storage_opts->v;
		want.n_options = req->storage_opts->n;
	}
	return store_config_load(&want, &engine->storage, err);
}

/* --tmpdir, or --runroot's, or /run, or the user's runtime folder. */
static const char *choose_rundir(struct engine *engine)
{
	const struct engine_request *req = &engine->request;
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (req->tmpdir)
		return keg_arena_printf(&engine->arena, "%s/keg", req->tmpdir);
	if (req->runroot || (engine->rootless && keg_str_empty(xdg)))
		return keg_arena_printf(&engine->arena, "%s/keg", engine->storage.runroot);
	if (engine->rootless)
		return keg_arena_printf(&engine->arena, "%s/keg", xdg);
	return "/run/keg";
}

/* "kegrun" is what is built in: running it as a program would only be slower. */
static int choose_runtime(struct engine *engine, struct keg_err *err)
{
	const char *name =
		engine->request.runtime ? engine->request.runtime : engine->config.runtime;
	autofree char *path = NULL;

	if (keg_str_empty(name) || strcmp(name, "keg") == 0)
		return 0;
	int r = config_find_runtime(&engine->config, name, &path, err);
	if (r < 0)
		return r;
	engine->runtime = keg_arena_strdup(&engine->arena, path);
	return 0;
}

static int choose_hooks(struct engine *engine, struct keg_err *err)
{
	const char *dir = engine->request.hooks_dir;

	if (!dir)
		return 0;
	if (access(dir, R_OK) < 0)
		return keg_fail_sys(err, errno, "hooks folder %s", dir);
	engine->config.hooks_dir = keg_arena_alloc(&engine->arena, 2, sizeof dir);
	engine->config.hooks_dir[0] = dir;
	engine->config.n_hooks_dir = 1;
	return 0;
}

static int choose_conmon(struct engine *engine, struct keg_err *err)
{
	const char *path = engine->request.conmon;

	for (size_t i = 0; !path && i < engine->config.n_conmon_path; i++) {
		if (access(engine->config.conmon_path[i], X_OK) == 0)
			path = engine->config.conmon_path[i];
	}
	if (!path)
		return 0;
	if (access(path, X_OK) < 0)
		return keg_fail_sys(err, errno, "monitor %s", path);
	engine->conmon = path;
	return 0;
}

static int choose_cgroup_manager(struct engine *engine, struct keg_err *err)
{
	const char *name = engine->request.cgroup_manager;

	if (name)
		engine->config.cgroup_manager = name;
	name = engine->config.cgroup_manager;
	if (strcmp(name, "cgroupfs") != 0 && strcmp(name, "systemd") != 0)
		return keg_fail(err, KEG_EUSAGE,
				"cgroup manager %s is not supported: use cgroupfs or systemd",
				name);
	if (strcmp(name, "systemd") == 0) {
		keg_warn("the systemd cgroup manager is not supported by this version: using "
			 "cgroupfs");
		engine->config.cgroup_manager = "cgroupfs";
	}
	return 0;
}

int engine_open(const struct engine_request *request, struct engine *out, struct keg_err *err)
{
	*out = (struct engine){ .request = *request, .containers = -1, .names = -1, .run = -1 };
	out->rootless = userns_is_rootless();
	int r = config_load(&out->config, out->rootless, &out->arena, err);
	if (r >= 0)
		r = load_storage(out, err);
	if (r >= 0)
		r = choose_runtime(out, err);
	if (r >= 0)
		r = choose_conmon(out, err);
	if (r >= 0)
		r = choose_hooks(out, err);
	if (r >= 0)
		r = choose_cgroup_manager(out, err);
	if (r < 0) {
		engine_close(out);
		return r;
	}
	out->rundir = choose_rundir(out);
	out->kegdir = keg_arena_printf(&out->arena, "%s/keg", out->storage.graphroot);
	out->volumes = out->config.volume_path ? out->config.volume_path
					       : keg_arena_printf(&out->arena, "%s/volumes",
								  out->storage.graphroot);
	return 0;
}

int engine_enter(struct engine *engine, struct keg_err *err)
{
	if (!userns_is_outside())
		return 0;
	return userns_enter(userns_share_find(engine->rundir), err);
}

int engine_store(struct engine *engine, struct store **out, struct keg_err *err)
{
	if (engine->store && engine->store_outside && userns_is_outside()) {
		store_close(engine->store);
		engine->store = NULL;
	}
	if (!engine->store) {
		int r = engine_enter(engine, err);

		if (r >= 0)
			r = store_open(&engine->storage, &engine->store, err);
		if (r < 0)
			return r;
		engine->store_outside = false;
	}
	*out = engine->store;
	return 0;
}

int engine_store_read(struct engine *engine, struct store **out, struct keg_err *err)
{
	if (!engine->store) {
		int r = store_open(&engine->storage, &engine->store, err);

		if (r < 0)
			return r;
		engine->store_outside = true;
	}
	*out = engine->store;
	return 0;
}

static int open_made(const char *path, mode_t mode, int *fd, struct keg_err *err)
{
	if (*fd >= 0)
		return 0;
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT) {
		int r = keg_mkdirs(AT_FDCWD, path, mode, err);

		if (r < 0)
			return r;
		*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return *fd < 0 ? keg_fail_sys(err, errno, "open %s", path) : 0;
}

int engine_dirs(struct engine *engine, struct keg_err *err)
{
	autofree char *containers = keg_path_join(engine->kegdir, "containers");
	autofree char *names = keg_path_join(engine->kegdir, "names");
	autofree char *run = keg_path_join(engine->rundir, "containers");
	int r = open_made(containers, 0700, &engine->containers, err);

	if (r >= 0)
		r = open_made(names, 0700, &engine->names, err);
	if (r < 0)
		return store_advise(engine->storage.graphroot, err);
	return open_made(run, 0700, &engine->run, err);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void engine_close(struct engine *engine)
{
	close_fd(&engine->containers);
	close_fd(&engine->names);
	close_fd(&engine->run);
	for (size_t i = 0; i < engine->n_volume_locks; i++)
		close_fd(&engine->volume_locks[i]);
	free(engine->volume_locks);
	engine->volume_locks = NULL;
	engine->n_volume_locks = 0;
	if (engine->store)
		store_close(engine->store);
	engine->store = NULL;
	store_config_done(&engine->storage);
	keg_arena_done(&engine->arena);
}
