/* SPDX-License-Identifier: Apache-2.0 */
#include "os/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { ANSWER_MAX = 32 << 10 };

union answers {
	struct nlmsghdr head; /* for its alignment */
	char room[ANSWER_MAX];
};

int netlink_open(struct keg_err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? keg_fail_sys(err, errno, "open a netlink socket") : fd;
}

int netlink_open_in(int netns, struct keg_err *err)
{
	autofd int back = keg_open_at(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0, err);

	if (back < 0)
		return back;
	if (setns(netns, CLONE_NEWNET) < 0)
		return keg_fail_sys(err, errno, "enter the network namespace");
	autofd int fd = netlink_open(err);
	if (setns(back, CLONE_NEWNET) < 0)
		return keg_fail_sys(err, errno, "return to our network namespace");
	return take_fd(&fd);
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
		   const void *fixed, size_t len)
{
	*request = (struct netlink_request){
		.head = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
			  .nlmsg_type = type,
			  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) },
	};
	memcpy(NLMSG_DATA(&request->head), fixed, len);
}

void netlink_put(struct netlink_request *request, uint16_t type, const void *value, size_t len)
{
	size_t at = NLMSG_ALIGN(request->head.nlmsg_len);
	const struct rtattr head = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type };

	if (at + RTA_SPACE(len) > sizeof request->room)
		keg_bug("a netlink request is too long");
	memcpy(request->room + at, &head, sizeof head);
	memcpy(request->room + at + RTA_LENGTH(0), value, len);
	request->head.nlmsg_len = (uint32_t)(at + RTA_LENGTH(len));
}

/* One packet of answers; 1 when more are to come. */
static int take_answers(struct nlmsghdr *answer, size_t len,
			void (*each)(void *data, struct nlmsghdr *answer), void *data,
			struct keg_err *err)
{
	bool more = false;

	for (; NLMSG_OK(answer, len); answer = NLMSG_NEXT(answer, len)) {
		if (answer->nlmsg_type == NLMSG_DONE)
			return 0;
		if (answer->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *problem = NLMSG_DATA(answer);

			return problem->error ? keg_fail_sys(err, -problem->error, "netlink") : 0;
		}
		if (each)
			each(data, answer);
		more = answer->nlmsg_flags & NLM_F_MULTI;
	}
	return more;
}

int netlink_ask(int fd, struct netlink_request *request,
		void (*each)(void *data, struct nlmsghdr *answer), void *data, struct keg_err *err)
{
	union answers answers;
	int more = 1;

	if (send(fd, request->room, request->head.nlmsg_len, 0) < 0)
		return keg_fail_sys(err, errno, "send a netlink request");
	while (more > 0) {
		ssize_t got;

		do
			got = recv(fd, answers.room, sizeof answers.room, 0);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return keg_fail_sys(err, errno, "receive a netlink answer");
		more = take_answers(&answers.head, (size_t)got, each, data, err);
	}
	return more;
}
