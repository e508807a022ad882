/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.h - how a parent and the process that it cloned talk until that executes its program.
 *
 * A pair of SOCK_SEQPACKET sockets, closed on exec: so the end of the conversation without an
 * error means that the exec succeeded. A message is one packet; an error crosses as the struct
 * that it is. A child closes the parent's end first of all: so it learns of the parent's death,
 * whenever it listens, and ends.
 */
#ifndef KEG_RUNTIME_SYNC_H
#define KEG_RUNTIME_SYNC_H

#include <stdint.h>

#include "base/err.h"

enum sync_kind {
	SYNC_GO = 1, /* parent: go on */
	SYNC_PID,    /* child: the process to talk to, which waits for GO, is `value`; I end here */
	SYNC_HOOKS,  /* child: namespaces and mounts are there; run hooks and answer GO */
	SYNC_NOTIFY, /* child: descriptor `value` of mine is the seccomp listener; answer GO */
	/* child: descriptor (lower half of `value`) of mine is the source of the mount whose index
	   the upper half is; map its ids and answer GO */
	SYNC_MAP_IDS,
	SYNC_FILES, /* child: I may not set my limit of open files; do that and answer GO */
	SYNC_READY, /* child: all is set up but for exec; it waits for GO */
	SYNC_ERROR, /* either: it failed, see `err` */
	SYNC_END,   /* not sent: the other side is gone */
};

struct sync_pair {
	int parent, child;
};

int sync_open(struct sync_pair *out, struct keg_err *err) KEG_MUST_CHECK;

int sync_send(int fd, enum sync_kind kind, int64_t value, struct keg_err *err) KEG_MUST_CHECK;
/* Best effort: there is nothing left to do when this fails. */
void sync_send_error(int fd, const struct keg_err *problem);

/* The next message's kind. SYNC_ERROR gives the error itself: *err and -code. */
int sync_receive(int fd, int64_t *value, struct keg_err *err) KEG_MUST_CHECK;
/* The same where only one kind is right; an early end is KEG_ESYSTEM. */
int sync_expect(int fd, enum sync_kind kind, int64_t *value, struct keg_err *err) KEG_MUST_CHECK;

#endif
