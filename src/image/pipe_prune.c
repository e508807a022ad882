/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/strv.h"
#include "image/pipe.h"

enum { KEEP_SECONDS = 7 * 24 * 3600 };

struct part {
	char *name;
	int64_t changed;
	uint64_t bytes;
};

struct parts {
	struct part *v;
	size_t n;
};

static void parts_done(struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		free(parts->v[i].name);
	free(parts->v);
}
KEG_AUTO(parts, parts_done)

static void list(int dirfd, DIR *dir, struct parts *out)
{
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		struct stat st;

		if (!keg_str_ends(e->d_name, ".part") ||
		    fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		out->v = keg_realloc(out->v, out->n + 1, sizeof *out->v);
		out->v[out->n++] = (struct part){
			.name = keg_strdup(e->d_name),
			.changed = st.st_mtim.tv_sec,
			.bytes = (uint64_t)st.st_blocks * 512,
		};
	}
}

static int newest_first(const void *a, const void *b)
{
	int64_t x = ((const struct part *)a)->changed, y = ((const struct part *)b)->changed;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Only under its lock: whoever fetches it has that. */
static void remove_idle(int dirfd, const char *name)
{
	struct keg_err ignored;
	autofd int fd = keg_open_at(dirfd, name, O_RDWR | O_NOFOLLOW, 0, &ignored);

	if (fd >= 0 && keg_lock_try_flock(fd, KEG_LOCK_EXCLUSIVE, &ignored) == 1)
		unlinkat(dirfd, name, 0);
}

int image_pipe_prune(const char *dir, uint64_t most, struct keg_err *err)
{
	autodir folder = opendir(dir);

	if (!folder)
		return errno == ENOENT ? 0 : keg_fail_sys(err, errno, "open %s", dir);

	auto(parts) parts = { 0 };
	list(dirfd(folder), folder, &parts);
	if (parts.n > 0)
		qsort(parts.v, parts.n, sizeof *parts.v, newest_first);

	int64_t oldest = keg_now().tv_sec - KEEP_SECONDS;
	uint64_t kept = 0;
	for (size_t i = 0; i < parts.n; i++) {
		kept += parts.v[i].bytes;
		if (kept > most || parts.v[i].changed < oldest)
			remove_idle(dirfd(folder), parts.v[i].name);
	}
	return 0;
}
