/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/layer_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/layer_apply.h"
#include "base/mem.h"
#include "os/path.h"

bool layer_name_clean(const char *name, struct keg_buf *out)
{
	size_t depth = 0;

	keg_buf_cut(out, 0);
	for (const char *at = name; *at;) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.') {
			size_t parent;

			if (depth == 0)
				return false;
			layer_name_base(keg_buf_text(out), &parent);
			keg_buf_cut(out, parent);
			depth--;
		} else if (len > 0 && !(len == 1 && at[0] == '.')) {
			if (++depth > LAYER_DEPTH_MAX)
				return false;
			if (out->len)
				keg_buf_putc(out, '/');
			keg_buf_add(out, at, len);
		}
		at += len + (at[len] == '/');
	}
	return true;
}

const char *layer_name_base(const char *name, size_t *parent)
{
	const char *slash = strrchr(name, '/');

	*parent = slash ? (size_t)(slash - name) : 0;
	return slash ? slash + 1 : name;
}

static void forget(struct layer_dir *dir)
{
	if (dir->path) {
		close(dir->fd);
		free(dir->path);
		*dir = (struct layer_dir){ 0 };
	}
}

void layer_dirs_flush(struct layer_dirs *dirs)
{
	for (size_t i = 0; i < LAYER_DIRS_OPEN; i++)
		forget(&dirs->open[i]);
	dirs->root_dir = (struct layer_dir){ 0 };
}

static bool is_setgid(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_ISGID);
}

static const struct layer_dir *open_dir(struct layer_dirs *dirs, struct layer_dir *slot,
					const char *path, size_t len)
{
	autofree char *name = keg_strndup(path, len);
	struct keg_err err = { 0 };
	int fd = path_open_in_root(dirs->root, name, O_RDONLY | O_DIRECTORY, &err);

	if (fd < 0) {
		errno = err.sys;
		return NULL;
	}
	forget(slot);
	*slot = (struct layer_dir){
		.path = take_ptr(&name),
		.len = len,
		.fd = fd,
		.setgid = is_setgid(fd),
		.used = ++dirs->clock,
	};
	return slot;
}

const struct layer_dir *layer_dirs_get(struct layer_dirs *dirs, const char *path, size_t len)
{
	struct layer_dir *oldest = &dirs->open[0];

	if (len == 0) {
		if (!dirs->root_dir.used) {
			dirs->root_dir = (struct layer_dir){
				.fd = dirs->root,
				.setgid = is_setgid(dirs->root),
				.used = 1,
			};
		}
		return &dirs->root_dir;
	}
	for (size_t i = 0; i < LAYER_DIRS_OPEN; i++) {
		struct layer_dir *dir = &dirs->open[i];

		if (dir->path && dir->len == len && memcmp(dir->path, path, len) == 0) {
			dir->used = ++dirs->clock;
			return dir;
		}
		if (dir->used < oldest->used)
			oldest = dir;
	}
	return open_dir(dirs, oldest, path, len);
}

int layer_dirs_open_file(struct layer_dirs *dirs, const char *name, uint64_t size,
			 struct keg_err *err)
{
	auto(keg_buf) clean = { 0 };
	struct stat st;
	size_t parent;

	if (!layer_name_clean(name, &clean) || clean.len == 0)
		return keg_fail(err, KEG_ECORRUPT, "name leads out of the layer");
	const char *base = layer_name_base(keg_buf_text(&clean), &parent);
	const struct layer_dir *dir = layer_dirs_get(dirs, keg_buf_text(&clean), parent);
	autofd int fd = !dir ? -1
			     : openat(dir->fd, base,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO))
		return keg_fail(err, KEG_ECORRUPT, "the file is missing from the layer");
	if (fd < 0 || fstat(fd, &st) < 0)
		return keg_fail_sys(err, errno, "open");
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
		return keg_fail(err, KEG_ECORRUPT,
				"the file was changed: its size is %lld, not %llu",
				(long long)st.st_size, (unsigned long long)size);
	return take_fd(&fd);
}
