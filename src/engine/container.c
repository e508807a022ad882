/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 * -------------------
 * Making:   folder (locked), name link, everything else, container.json last.
 * Removing: container.json first, then name link, run folder, folder.
 * So at any moment container.json says whether the container exists, and a name whose
 * container does not exist and is not locked is stale: the next one who wants it takes it.
 */
#include "engine/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "engine/names.h"
#include "os/overlay.h"

enum { MAX_RECORD = 1 << 20, NAME_TRIES = 64 };

#define ROW(KIND, name, field) KIND(name, struct container_record, field, 0)

static const struct keg_json_field record_rows[] = {
	ROW(JSON_STR, "id", id),
	ROW(JSON_STR, "name", name),
	ROW(JSON_STR, "image", image),
	ROW(JSON_STR, "imageID", image_id),
	ROW(JSON_STRV, "command", command),
	ROW(JSON_I64, "created", created),
	ROW(JSON_MAP, "labels", labels),
	ROW(JSON_STRV, "mounts", mounts),
	ROW(JSON_STRV, "volumes", volumes),
	ROW(JSON_STRV, "anonymous", anonymous),
	ROW(JSON_STR, "runtime", runtime),
	ROW(JSON_STR, "network", network),
	ROW(JSON_STR, "pidFile", pid_file),
	ROW(JSON_STR, "monitorPidFile", monitor_pid_file),
	ROW(JSON_STR, "logDriver", log_driver),
	ROW(JSON_STR, "logPath", log_path),
	ROW(JSON_I64, "logSizeMax", log_size_max),
	ROW(JSON_INT, "stopSignal", stop_signal),
	ROW(JSON_I64, "stopTimeout", stop_timeout),
	ROW(JSON_I64, "timeout", timeout),
	ROW(JSON_BOOL, "remove", remove),
	ROW(JSON_BOOL, "transient", transient),
	ROW(JSON_BOOL, "tty", tty),
	ROW(JSON_BOOL, "interactive", interactive),
	ROW(JSON_BOOL, "privileged", privileged),
	ROW(JSON_BOOL, "init", init),
	ROW(JSON_BOOL, "noCgroups", no_cgroups),
	JSON_END,
};

static int no_such(const char *what, struct keg_err *err)
{
	return keg_fail(err, KEG_ENOTFOUND,
			"no container with name or ID \"%s\" found: no such container", what);
}

static void init(struct container *c, struct engine *engine, const char *id)
{
	*c = (struct container){ .engine = engine, .dir = -1, .run = -1, .rootfs = -1 };
	memcpy(c->id, id, KEG_ID_LEN);
	c->path = keg_arena_printf(&c->arena, "%s/containers/%s", engine->kegdir, id);
	c->run_path = keg_arena_printf(&c->arena, "%s/containers/%s", engine->rundir, id);
}

static void close_slot(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void container_close(struct container *c)
{
	close_slot(&c->dir);
	close_slot(&c->run);
	close_slot(&c->rootfs);
	keg_arena_done(&c->arena);
}

/* Of the two places of the record, the one on disk first: most containers have it there. */
static int read_record(struct container *c, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson tree = NULL;
	int r = keg_file_read(c->dir, CONTAINER_FILE_RECORD, MAX_RECORD, &text, err);

	if (r == -KEG_ENOTFOUND && c->run >= 0)
		r = keg_file_read(c->run, CONTAINER_FILE_RECORD, MAX_RECORD, &text, err);
	if (r >= 0)
		r = keg_json_parse(keg_buf_text(&text), text.len, &tree, err);
	if (r >= 0)
		r = keg_json_decode(tree, record_rows, &c->record, &c->arena, err);
	if (r < 0)
		return r;
	if (!c->record.name || !c->record.id || strcmp(c->record.id, c->id) != 0)
		return keg_fail(err, KEG_ECORRUPT, "container %s: its record is damaged", c->id);
	if (!c->record.image)
		c->record.image = "";
	if (!c->record.image_id)
		c->record.image_id = "";
	return 0;
}

void container_adopt(struct engine *engine, const char *id, struct container *out)
{
	init(out, engine, id);
	out->record.id = out->id;
	out->dir = openat(engine->containers, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	out->run = openat(engine->run, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int container_open_id(struct engine *engine, const char *id, struct container *out,
		      struct keg_err *err)
{
	int r = engine_dirs(engine, err);

	if (r < 0)
		return r;
	init(out, engine, id);
	out->dir = openat(engine->containers, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir < 0) {
		r = errno == ENOENT ? no_such(id, err)
				    : keg_fail_sys(err, errno, "open container %s", id);
	} else {
		out->run = openat(engine->run, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = read_record(out, err);
		if (r >= 0)
			r = container_read_state(out, err);
		else if (r == -KEG_ENOTFOUND)
			r = no_such(id, err);
	}
	if (r < 0)
		container_close(out);
	return r;
}

/* --- finding ------------------------------------------------------------------------------ */

/* 1 with the id that a name stands for, 0 when there is no such name. */
static int id_of_name(struct engine *engine, const char *name, char id[KEG_ID_LEN + 1])
{
	char target[KEG_ID_LEN + 2];
	ssize_t n = strchr(name, '/') || !*name
			    ? -1
			    : readlinkat(engine->names, name, target, sizeof target);

	if (n != KEG_ID_LEN)
		return 0;
	memcpy(id, target, KEG_ID_LEN);
	id[KEG_ID_LEN] = '\0';
	return store_id_is_valid(id);
}

/* The only id that begins so: 1, none: 0, several: an error. */
static int id_of_prefix(struct engine *engine, const char *prefix, char id[KEG_ID_LEN + 1],
			struct keg_err *err)
{
	size_t len = strlen(prefix);
	int found = 0;

	if (len == 0 || len > KEG_ID_LEN || prefix[strspn(prefix, "0123456789abcdef")])
		return 0;
	int fd = openat(engine->containers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return keg_fail_sys(err, errno, "list containers");
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		if (strncmp(entry->d_name, prefix, len) != 0 || !store_id_is_valid(entry->d_name))
			continue;
		if (found++)
			return keg_fail(err, KEG_EUSAGE,
					"more than one result for container name or ID %s: "
					"container is not unique",
					prefix);
		memcpy(id, entry->d_name, KEG_ID_LEN + 1);
	}
	return found;
}

int container_open(struct engine *engine, const char *name_or_id, struct container *out,
		   struct keg_err *err)
{
	char id[KEG_ID_LEN + 1];
	int r = engine_dirs(engine, err);

	if (r < 0)
		return r;
	if (store_id_is_valid(name_or_id))
		return container_open_id(engine, name_or_id, out, err);
	r = id_of_name(engine, name_or_id, id);
	if (r == 0)
		r = id_of_prefix(engine, name_or_id, id, err);
	if (r < 0)
		return r;
	r = r == 0 ? -KEG_ENOTFOUND : container_open_id(engine, id, out, err);
	return r == -KEG_ENOTFOUND ? no_such(name_or_id, err) : r;
}

int container_each(struct engine *engine,
		   int (*each)(void *ctx, struct container *c, struct keg_err *err), void *ctx,
		   struct keg_err *err)
{
	int r = engine_dirs(engine, err);

	if (r < 0)
		return r;
	int fd = openat(engine->containers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream)
		return keg_fail_sys(err, errno, "list containers");
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		auto(container) c = CONTAINER_INIT;
		struct keg_err gone;

		if (!store_id_is_valid(entry->d_name) ||
		    container_open_id(engine, entry->d_name, &c, &gone) < 0)
			continue;
		r = each(ctx, &c, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- lock --------------------------------------------------------------------------------- */

static bool is_linked(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_nlink > 0;
}

int container_lock(struct container *c, struct keg_err *err)
{
	if (c->locked)
		return 0;
	if (c->dir < 0)
		return no_such(c->record.name ? c->record.name : c->id, err);
	int r = keg_lock_flock(c->dir, KEG_LOCK_EXCLUSIVE, err);
	if (r < 0)
		return keg_wrap(err, "lock container %s", c->id);
	c->locked = true;
	close_slot(&c->run);
	c->run = openat(c->engine->run, c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!is_linked(c->dir) || (!keg_exists(c->dir, CONTAINER_FILE_RECORD) &&
				   !(c->run >= 0 && keg_exists(c->run, CONTAINER_FILE_RECORD))))
		return no_such(c->record.name ? c->record.name : c->id, err);
	return container_read_state(c, err);
}

void container_unlock(struct container *c)
{
	struct keg_err ignored;

	if (!c->locked)
		return;
	/* A second descriptor of the folder without the lock; closing the first releases it. */
	int fresh = openat(c->engine->containers, c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close_slot(&c->dir);
	c->dir = fresh;
	c->locked = false;
	if (container_read_state(c, &ignored) < 0)
		c->state.status = CONTAINER_EXITED;
}

/* --- making ------------------------------------------------------------------------------- */

/* Is the name's container neither there nor being made? Then nobody misses the name. */
static bool is_stale(struct engine *engine, const char *id)
{
	struct keg_err ignored;
	autofd int dir = openat(engine->containers, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT;
	if (keg_exists(dir, CONTAINER_FILE_RECORD))
		return false;
	if (keg_lock_try_flock(dir, KEG_LOCK_EXCLUSIVE, &ignored) != 1)
		return false;
	autofree char *in_run = keg_printf("%s/" CONTAINER_FILE_RECORD, id);
	return !keg_exists(dir, CONTAINER_FILE_RECORD) && !keg_exists(engine->run, in_run);
}

/* 1 taken by us, 0 somebody else's. */
static int take_name(struct engine *engine, const char *name, const char *id, char owner[],
		     struct keg_err *err)
{
	for (int tries = 0; tries < NAME_TRIES; tries++) {
		if (symlinkat(id, engine->names, name) == 0)
			return 1;
		if (errno != EEXIST)
			return keg_fail_sys(err, errno, "name %s", name);
		if (id_of_name(engine, name, owner) && !is_stale(engine, owner))
			return 0;
		/*
		 * Taken over by renaming: of several who find it stale at once the last one's link
		 * stays, which each sees when it looks again.
		 */
		autofree char *own = keg_printf(".%s", id);
		unlinkat(engine->names, own, 0);
		if (symlinkat(id, engine->names, own) < 0 ||
		    renameat(engine->names, own, engine->names, name) < 0)
			return keg_fail_sys(err, errno, "name %s", name);
		if (id_of_name(engine, name, owner) && strcmp(owner, id) == 0)
			return 1;
	}
	return 0;
}

static int give_name(struct container *c, const char *name, struct keg_err *err)
{
	char owner[KEG_ID_LEN + 1];

	if (name) {
		int r = take_name(c->engine, name, c->id, owner, err);

		if (r == 0)
			return keg_fail(err, KEG_EEXISTS,
					"creating container storage: the container name \"%s\" is "
					"already in use by %s. You have to remove that container "
					"to be able to reuse that name: that name is already in "
					"use",
					name, owner);
		c->record.name = keg_arena_strdup(&c->arena, name);
		return r < 0 ? r : 0;
	}
	for (unsigned tries = 0; tries < NAME_TRIES; tries++) {
		autofree char *chosen = name_random(tries);
		int r = take_name(c->engine, chosen, c->id, owner, err);

		if (r < 0)
			return r;
		if (r > 0) {
			c->record.name = keg_arena_strdup(&c->arena, chosen);
			return 0;
		}
	}
	return keg_fail(err, KEG_EEXISTS, "no free name found: give one with --name");
}

static int make_folders(struct container *c, struct keg_err *err)
{
	struct engine *e = c->engine;

	if (mkdirat(e->containers, c->id, 0700) < 0)
		return keg_fail_sys(err, errno, "make container folder %s", c->path);
	c->dir = openat(e->containers, c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0)
		return keg_fail_sys(err, errno, "open container folder %s", c->path);
	int r = keg_lock_flock(c->dir, KEG_LOCK_EXCLUSIVE, err);
	if (r < 0)
		return r;
	c->locked = true;
	if (mkdirat(c->dir, CONTAINER_DIR_UPPER, 0755) < 0 ||
	    mkdirat(c->dir, CONTAINER_DIR_WORK, 0700) < 0)
		return keg_fail_sys(err, errno, "make container folder %s", c->path);
	return container_open_run(c, err);
}

int container_open_run(struct container *c, struct keg_err *err)
{
	if (c->run >= 0)
		return 0;
	if (mkdirat(c->engine->run, c->id, 0700) < 0 && errno != EEXIST)
		return keg_fail_sys(err, errno, "make %s", c->run_path);
	c->run = openat(c->engine->run, c->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return c->run < 0 ? keg_fail_sys(err, errno, "open %s", c->run_path) : 0;
}

int container_make(struct engine *engine, const char *name, struct container *out,
		   struct keg_err *err)
{
	char id[KEG_ID_LEN + 1];
	int r = name ? name_check(name, err) : 0;

	if (r >= 0)
		r = engine_dirs(engine, err);
	if (r < 0)
		return r;
	keg_random_id(id);
	init(out, engine, id);
	out->record.id = out->id;
	r = make_folders(out, err);
	if (r >= 0)
		r = give_name(out, name, err);
	if (r < 0) {
		struct keg_err ignored;

		if (container_discard(out, &ignored) < 0)
			keg_hint(err, "Run: keg system check --repair");
		container_close(out);
	}
	return r;
}

int container_save(struct container *c, struct json_object *detail, const char *config,
		   size_t config_len, struct keg_err *err)
{
	enum keg_file_flags flags = c->record.remove ? 0 : KEG_FILE_DURABLE;
	int dir = c->record.remove ? c->run : c->dir;
	autojson tree = keg_json_encode(record_rows, &c->record);
	auto(keg_buf) record = { 0 };
	auto(keg_buf) more = { 0 };
	int r;

	keg_json_print(tree, &record);
	if (detail)
		keg_json_print(detail, &more);
	r = keg_file_write(dir, CONTAINER_FILE_CONFIG, config, config_len, 0600, flags, err);
	if (r >= 0 && detail)
		r = keg_file_write(dir, CONTAINER_FILE_DETAIL, more.data, more.len, 0600, flags,
				   err);
	/* The one that makes it a container is last. */
	if (r >= 0)
		r = keg_file_write(dir, CONTAINER_FILE_RECORD, record.data, record.len, 0600, flags,
				   err);
	if (r >= 0 && !c->record.remove)
		r = keg_sync_dir(c->engine->containers, ".", err);
	return r;
}

/* --- removing ----------------------------------------------------------------------------- */

static void drop_name(struct container *c)
{
	char owner[KEG_ID_LEN + 1];

	if (c->record.name && id_of_name(c->engine, c->record.name, owner) &&
	    strcmp(owner, c->id) == 0)
		unlinkat(c->engine->names, c->record.name, 0);
}

int container_discard(struct container *c, struct keg_err *err)
{
	if (c->dir >= 0) {
		unlinkat(c->dir, CONTAINER_FILE_RECORD, 0);
		overlay_clear_work(c->dir, CONTAINER_DIR_WORK);
	}
	if (c->run >= 0)
		unlinkat(c->run, CONTAINER_FILE_RECORD, 0);
	drop_name(c);
	int r = keg_remove_tree(c->engine->run, c->id, err);
	if (r >= 0)
		r = keg_remove_tree(c->engine->containers, c->id, err);
	return r < 0 ? keg_wrap(err, "remove container %s", c->id) : 0;
}
