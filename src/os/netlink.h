/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - requests to the kernel's routing netlink, one at a time (rtnetlink(7)).
 *
 * A socket belongs to the network namespace in which it was opened, whichever we are in later.
 */
#ifndef KEG_OS_NETLINK_H
#define KEG_OS_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NETLINK_REQUEST_MAX = 512 };

struct netlink_request {
	union {
		struct nlmsghdr head;
		char room[NETLINK_REQUEST_MAX];
	};
};

/* A socket in our network namespace, or in that of a descriptor; the caller owns it. */
int netlink_open(struct keg_err *err) KEG_MUST_CHECK;
int netlink_open_in(int netns, struct keg_err *err) KEG_MUST_CHECK;

/* Begin a request of a type (RTM_NEWLINK) with NLM_F_* flags and its fixed part. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
		   const void *fixed, size_t len);
/* Add an attribute; what does not fit is a bug. */
void netlink_put(struct netlink_request *request, uint16_t type, const void *value, size_t len);

/*
 * Send it, and give each answer that is neither an acknowledgement nor the end to `each` (may be
 * NULL). The kernel's refusal is the error.
 */
int netlink_ask(int fd, struct netlink_request *request,
		void (*each)(void *data, struct nlmsghdr *answer), void *data,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
