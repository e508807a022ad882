/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tree_size.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"

enum { MAX_DEPTH = 500 };

static const int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* The same file as in `base`, which is -1 where there is nothing to compare with. */
static bool is_unchanged(int base, const char *name, const struct stat *st)
{
	struct stat old;

	return base >= 0 && fstatat(base, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	       old.st_mode == st->st_mode && old.st_size == st->st_size &&
	       old.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	       old.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

static int64_t sum(int parent, const char *name, int base, unsigned depth)
{
	int fd = openat(parent, name, folder_flags);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	int64_t total = 0;

	if (!stream || depth > MAX_DEPTH)
		return 0;
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			autofd int below =
				base < 0 ? -1 : openat(base, entry->d_name, folder_flags);

			total += sum(fd, entry->d_name, below, depth + 1);
		} else if (!is_unchanged(base, entry->d_name, &st))
			total += st.st_size;
	}
	return total;
}

int64_t tree_size(int parent, const char *name)
{
	return sum(parent, name, -1, 0);
}

int64_t tree_size_changed(int parent, const char *name, int base)
{
	return sum(parent, name, base, 0);
}
