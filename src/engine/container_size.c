/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_size.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/image.h"

enum { MAX_DEPTH = 500 };

/* A folder that goes away meanwhile counts nothing. */
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

int container_size(struct container *c, struct container_size *out, struct keg_err *err)
{
	struct store *store;
	struct store_image image;
	int r = engine_store(c->engine, &store, err);

	if (r >= 0)
		r = store_image_find(store, c->record.image_id, &c->arena, &image, err);
	if (r < 0)
		return r;
	*out = (struct container_size){ .rw = sum(c->dir, CONTAINER_DIR_UPPER, 0),
					.image = image.size };
	return 0;
}
