/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spill.h - packets waiting on disk, first in first out, for a reader that is slow.
 * The file has no name: it is gone with its descriptor.
 */
#ifndef KEG_MONITOR_SPILL_H
#define KEG_MONITOR_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct spill {
	int fd; /* -1 until something is put */
	off_t head, tail;
};

static inline bool spill_is_empty(const struct spill *spill)
{
	return spill->head == spill->tail;
}

/* Add a packet of at most 65535 bytes; false: no room anywhere. */
bool spill_put(struct spill *spill, const char *packet, size_t len);

/* The oldest packet into `packet` of `room` bytes; 0: unreadable. It stays until dropped. */
size_t spill_peek(const struct spill *spill, char *packet, size_t room);
void spill_drop(struct spill *spill, size_t len);

void spill_close(struct spill *spill);

#endif
