/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/spill.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* A reader that stays behind for hours must not make the file grow for hours. */
enum { GIVE_BACK = 1024 * 1024 };

/* On disk if possible; in memory (which may be swapped) where the folder is read-only. */
static int make_file(void)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("keg-spill", MFD_CLOEXEC);
}

bool spill_put(struct spill *spill, const char *packet, size_t len)
{
	uint16_t size = (uint16_t)len;
	struct iovec parts[] = { { &size, sizeof size }, { (char *)(uintptr_t)packet, len } };

	if (spill->fd < 0)
		spill->fd = make_file();
	if (spill->fd < 0 ||
	    pwritev(spill->fd, parts, 2, spill->tail) != (ssize_t)(sizeof size + len))
		return false;
	spill->tail += (off_t)(sizeof size + len);
	return true;
}

size_t spill_peek(const struct spill *spill, char *packet, size_t room)
{
	uint16_t size;

	if (pread(spill->fd, &size, sizeof size, spill->head) != sizeof size || size > room)
		return 0;
	if (pread(spill->fd, packet, size, spill->head + (off_t)sizeof size) != size)
		return 0;
	return size;
}

void spill_drop(struct spill *spill, size_t len)
{
	off_t before = spill->head;

	spill->head += (off_t)(sizeof(uint16_t) + len);
	if (spill_is_empty(spill)) {
		spill_close(spill);
	} else if (before / GIVE_BACK != spill->head / GIVE_BACK) {
		/* Where the file system cannot, the space is freed at the end. */
		(void)!fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				 spill->head);
	}
}

void spill_close(struct spill *spill)
{
	if (spill->fd >= 0)
		close(spill->fd);
	*spill = (struct spill){ .fd = -1 };
}
