/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container is there when its record is (container.h). So what has no record and no lock
 * holder is left over: folders on disk, run folders, names, states of the runtime. A container
 * that is there may have ended without anybody to clean up after it.
 */
#include "engine/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "engine/container.h"
#include "engine/image_uses.h"
#include "engine/leftover.h"
#include "engine/lifecycle.h"
#include "store/check.h"

struct checking {
	struct engine *engine;
	const struct engine_check *how;
	int left;
};

static void found(struct checking *ch, const char *what, const char *name, bool repaired)
{
	ch->how->report(ch->how->ctx, what, name, repaired);
	ch->left += !repaired;
}

/* The names in a folder of ours; one that cannot be read has none. */
static void list_folder(int parent, const char *path, struct keg_strv *out)
{
	int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			keg_strv_add(out, entry->d_name);
	}
}

static bool has_record(struct engine *engine, const char *id)
{
	autofree char *name = keg_printf("%s/" CONTAINER_FILE_RECORD, id);

	return keg_exists(engine->containers, name) || keg_exists(engine->run, name);
}

/*
 * The lock of a folder without a record, so that neither a command that makes it nor one that
 * removes it is disturbed; -1 when somebody has it or there is a record after all.
 */
static int lock_leftover(struct engine *engine, const char *id)
{
	struct keg_err ignored;
	autofd int dir = openat(engine->containers, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || keg_lock_try_flock(dir, KEG_LOCK_EXCLUSIVE, &ignored) != 1 ||
	    has_record(engine, id))
		return -1;
	return take_fd(&dir);
}

static void check_folders(struct checking *ch)
{
	auto(keg_strv) ids = { 0 };

	list_folder(ch->engine->containers, ".", &ids);
	for (size_t i = 0; i < ids.n; i++) {
		const char *id = ids.v[i];
		struct keg_err why;
		bool gone = false;

		if (!store_id_is_valid(id) || has_record(ch->engine, id))
			continue;
		autofd int lock = lock_leftover(ch->engine, id);
		if (lock < 0)
			continue;
		if (ch->how->repair) {
			gone = leftover_remove(ch->engine, id, &why) >= 0;
			if (!gone)
				keg_warn("container %s: %s", id, why.msg);
		}
		found(ch, "container half made or half removed", id, gone);
	}
}

/* Run folders and states of the runtime whose container has no folder at all. */
static void check_run_folder(struct checking *ch, const char *path, const char *what)
{
	auto(keg_strv) ids = { 0 };

	list_folder(AT_FDCWD, path, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		struct keg_err why;
		bool gone = false;

		if (!store_id_is_valid(ids.v[i]) || keg_exists(ch->engine->containers, ids.v[i]))
			continue;
		if (ch->how->repair) {
			gone = leftover_remove(ch->engine, ids.v[i], &why) >= 0;
			if (!gone)
				keg_warn("container %s: %s", ids.v[i], why.msg);
		}
		found(ch, what, ids.v[i], gone);
	}
}

static void check_names(struct checking *ch)
{
	auto(keg_strv) names = { 0 };

	list_folder(ch->engine->names, ".", &names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *id = NULL;
		struct keg_err ignored;
		bool gone = false;

		if (keg_readlink(ch->engine->names, names.v[i], &id, &ignored) >= 0 &&
		    keg_exists(ch->engine->containers, id))
			continue;
		if (ch->how->repair)
			gone = unlinkat(ch->engine->names, names.v[i], 0) == 0;
		found(ch, "name of no container", names.v[i], gone);
	}
}

static bool needs_cleanup(const struct container *c)
{
	if (c->state.status == CONTAINER_CREATED && c->record.transient)
		return true;
	if (c->state.status != CONTAINER_EXITED)
		return c->state.status == CONTAINER_CREATED && c->run >= 0 &&
		       keg_exists(c->run, CONTAINER_FILE_MONITOR_PID);
	return c->record.remove || (c->run >= 0 && keg_exists(c->run, CONTAINER_FILE_STATE));
}

static int check_container(void *ctx, struct container *c, struct keg_err *err)
{
	struct checking *ch = ctx;
	struct keg_err why;
	bool done = false;

	(void)err;
	if (!needs_cleanup(c))
		return 0;
	int r = keg_lock_try_flock(c->dir, KEG_LOCK_EXCLUSIVE, &why);
	if (r == 0)
		return 0; /* somebody is at it */
	if (ch->how->repair) {
		r = container_lock(c, &why);
		if (r >= 0)
			r = lifecycle_reset(c, &why);
		done = r >= 0 || r == -KEG_ENOTFOUND;
		if (!done)
			keg_warn("container %s: %s", c->record.name, why.msg);
	}
	found(ch, "container that ended without a cleanup", c->id, done);
	return 0;
}

static void store_found(void *ctx, enum store_damage what, const char *name, bool repaired)
{
	struct checking *ch = ctx;

	ch->how->report(ch->how->ctx, store_damage_text(what), name, repaired);
}

/* Gone, it can be pulled again; left, each container of it would fail in its own way. */
static void check_images(struct checking *ch, const struct keg_strv *damaged)
{
	for (size_t i = 0; i < damaged->n; i++) {
		struct keg_err why;
		bool gone = false;

		if (ch->how->repair) {
			int r = image_uses_remove_image(ch->engine, damaged->v[i],
							ch->how->containers, &why);

			gone = r >= 0 || r == -KEG_ENOTFOUND;
			if (!gone)
				keg_warn("image %s: %s", damaged->v[i], why.msg);
		}
		found(ch, store_damage_text(STORE_IMAGE_DAMAGED), damaged->v[i], gone);
	}
}

static void store_mended(void *ctx, enum store_damage what, const char *name, bool repaired)
{
	if (repaired)
		store_found(ctx, what, name, true);
}

/* With damaged images gone, what only they needed can go, too. What is left then? */
static int check_again(struct checking *ch, struct store *store, struct keg_err *err)
{
	auto(keg_strv) images = { 0 };
	const struct store_check again = { .repair = true,
					   .max_age = ch->how->max_age,
					   .damaged = ch->how->damaged,
					   .report = store_mended,
					   .ctx = ch,
					   .images = &images };

	return store_check(store, &again, err);
}

int engine_check(struct engine *engine, const struct engine_check *how, struct keg_err *err)
{
	struct checking ch = { .engine = engine, .how = how };
	auto(keg_strv) damaged = { 0 };
	struct store_check images = { .repair = how->repair,
				      .max_age = how->max_age,
				      .damaged = how->damaged,
				      .report = store_found,
				      .ctx = &ch,
				      .images = &damaged };
	autofree char *runtime = keg_path_join(engine->rundir, "runtime");
	autofree char *run = keg_path_join(engine->rundir, "containers");
	struct store *store;
	int r = engine_store(engine, &store, err);

	if (r >= 0)
		r = engine_dirs(engine, err);
	if (r >= 0)
		r = container_each(engine, check_container, &ch, err);
	if (r < 0)
		return r;
	check_folders(&ch);
	check_run_folder(&ch, run, "run folder of no container");
	check_run_folder(&ch, runtime, "runtime state of no container");
	check_names(&ch);
	r = store_check(store, &images, err);
	if (r < 0)
		return r;
	check_images(&ch, &damaged);
	if (damaged.n > 0 && how->repair)
		r = check_again(&ch, store, err);
	return r < 0 ? r : ch.left + r;
}
