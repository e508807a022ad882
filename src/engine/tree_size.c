/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tree_size.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"

enum { MAX_DEPTH = 500 };

static int64_t sum(int parent, const char *name, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	int64_t total = 0;

	if (!stream || depth > MAX_DEPTH)
		return 0;
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			total += sum(fd, entry->d_name, depth + 1);
		else
			total += st.st_size;
	}
	return total;
}

int64_t tree_size(int parent, const char *name)
{
	return sum(parent, name, 0);
}
