/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/num.h"
#include "os/path.h"
#include "os/tree_copy.h"

#define DATA "_data"
#define FILLED ".keg-new" /* there until the image's files are copied in */
#define OURS ".keg"	  /* from then on: keg made it */

static char *folder_of(const struct engine *engine, const char *name)
{
	return keg_path_join(engine->volumes, name);
}

/* Copy what the image has at the volume's place; nothing there is fine. */
static int fill(int data, const char *dest, int rootfd, struct keg_err *err)
{
	struct keg_err nothing;
	autofd int from = path_open_in_root(rootfd, dest, O_RDONLY | O_DIRECTORY, &nothing);

	return from < 0 ? 0 : tree_copy(from, data, err);
}

/* The folder, made when missing and locked; one that is removed while we wait is made anew. */
static int lock_folder(const char *folder, int *out, struct keg_err *err)
{
	enum { MAX_RACES = 100 };

	for (int i = 0; i < MAX_RACES; i++) {
		struct stat st;
		int r = keg_mkdirs(AT_FDCWD, folder, 0755, err);

		if (r < 0)
			return r;
		autofd int dir = keg_open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, err);
		if (dir < 0 && err->sys == ENOENT)
			continue;
		if (dir < 0)
			return dir;
		r = keg_lock_flock(dir, KEG_LOCK_EXCLUSIVE, err);
		if (r < 0)
			return r;
		if (fstat(dir, &st) == 0 && st.st_nlink > 0) {
			*out = take_fd(&dir);
			return 0;
		}
	}
	return keg_fail(err, KEG_EBUSY, "%s comes and goes", folder);
}

/*
 * A volume that two containers want for the first time at once is filled once: by the one who
 * gets the lock of its folder first. A crash leaves the marker, and the next one starts over.
 */
static int fill_once(int dir, const char *folder, const struct volume_mount *v, int rootfd,
		     struct keg_err *err)
{
	autofree char *data_path = keg_path_join(folder, DATA);
	bool fresh = !keg_exists(dir, DATA);
	int r;

	if (!fresh && !keg_exists(dir, FILLED))
		return 0;
	if (!fresh && (r = keg_remove_tree(dir, DATA, err)) < 0)
		return r;
	r = keg_file_write(dir, FILLED, "", 0, 0600, 0, err);
	if (r >= 0 && mkdirat(dir, DATA, 0755) < 0)
		r = keg_fail_sys(err, errno, "make %s", data_path);
	if (r >= 0 && !v->no_copy) {
		autofd int data = openat(dir, DATA, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = data < 0 ? keg_fail_sys(err, errno, "open %s", data_path)
			     : fill(data, v->dest, rootfd, err);
	}
	if (r >= 0 && renameat(dir, FILLED, dir, OURS) < 0)
		r = keg_fail_sys(err, errno, "finish %s", data_path);
	return r;
}

/* Until the container's record says that it uses the volume, a lock does. */
static int keep_locked(struct engine *engine, int *dir, struct keg_err *err)
{
	int r = keg_lock_flock(*dir, KEG_LOCK_SHARED, err);

	if (r < 0)
		return r;
	engine->volume_locks = keg_realloc(engine->volume_locks, engine->n_volume_locks + 1,
					   sizeof *engine->volume_locks);
	engine->volume_locks[engine->n_volume_locks++] = take_fd(dir);
	return 0;
}

static int make(struct engine *engine, const char *folder, const struct volume_mount *v, int rootfd,
		struct keg_err *err)
{
	autofd int dir = -1;
	int r = lock_folder(folder, &dir, err);

	if (r >= 0)
		r = fill_once(dir, folder, v, rootfd, err);
	return r < 0 ? r : keep_locked(engine, &dir, err);
}

int volume_prepare(struct engine *engine, struct volume_list *list, int rootfd,
		   struct keg_arena *arena, struct keg_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct volume_mount *v = &list->v[i];

		if (v->kind != VOLUME_NAMED)
			continue;
		if (!v->source) {
			char id[KEG_ID_LEN + 1];

			keg_random_id(id);
			v->source = keg_arena_strdup(arena, id);
		}
		autofree char *folder = folder_of(engine, v->source);
		int r = make(engine, folder, v, rootfd, err);
		if (r < 0)
			return keg_wrap(err, "volume %s", v->source);
	}
	return 0;
}

int volume_chown(struct engine *engine, const struct volume_list *list, uint32_t uid, uint32_t gid,
		 struct keg_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct volume_mount *v = &list->v[i];

		if (!v->chown || v->kind == VOLUME_TMPFS || v->kind == VOLUME_DEVPTS)
			continue;
		autofree char *folder = folder_of(engine, v->source);
		autofree char *data = v->kind == VOLUME_NAMED ? keg_path_join(folder, DATA)
							      : keg_strdup(v->source);
		autofd int dir = keg_open_at(AT_FDCWD, data, O_RDONLY | O_DIRECTORY, 0, err);
		if (dir < 0)
			return dir;
		int r = tree_chown(dir, uid, gid, err);
		if (r < 0)
			return keg_wrap(err, "volume %s", v->source);
	}
	return 0;
}

int volume_names(struct engine *engine, struct keg_strv *out, struct keg_err *err)
{
	int fd = open(engine->volumes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream)
		return errno == ENOENT
			       ? 0
			       : keg_fail_sys(err, errno, "list volumes in %s", engine->volumes);
	while ((entry = readdir(stream)) != NULL) {
		autofree char *data = keg_path_join(entry->d_name, DATA);

		if (entry->d_name[0] != '.' && keg_exists(fd, data))
			keg_strv_add(out, entry->d_name);
	}
	keg_strv_sort(out);
	return 0;
}

bool volume_is_ours(const struct engine *engine, const char *name)
{
	autofree char *mark = keg_printf("%s/%s/" OURS, engine->volumes, name);

	return keg_exists(AT_FDCWD, mark);
}

int volume_lock_unused(const struct engine *engine, const char *name, struct keg_err *err)
{
	autofree char *folder = folder_of(engine, name);
	autofd int dir = keg_open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, err);

	if (dir < 0)
		return dir;
	int r = keg_lock_try_flock(dir, KEG_LOCK_EXCLUSIVE, err);
	if (r == 0)
		return keg_fail(err, KEG_EBUSY, "volume %s is in use", name);
	return r < 0 ? r : take_fd(&dir);
}

int volume_remove(struct engine *engine, const char *name, struct keg_err *err)
{
	autofree char *folder = folder_of(engine, name);

	return keg_remove_tree(AT_FDCWD, folder, err);
}
