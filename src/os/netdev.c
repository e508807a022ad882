/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel drops a device's addresses when it changes namespaces, and those of IPv6 when it
 * goes down: they are read first and added again where it arrives. It travels under a name that
 * nobody has, because it may also change its index, and is renamed there.
 */
#include "os/netdev.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/format.h"
#include "base/mem.h"
#include "os/netlink.h"

enum { ADDRESS_MAX = 16 };

struct value {
	unsigned char bytes[ADDRESS_MAX];
	size_t len; /* 0: it is not there */
};

struct address {
	struct ifaddrmsg head;
	uint32_t flags;
	struct value local, peer, broadcast;
};

struct addresses {
	unsigned index; /* of the device */
	struct address *list;
	size_t n, room;
};

static void addresses_done(struct addresses *addresses)
{
	free(addresses->list);
}
KEG_AUTO(addresses, addresses_done)

bool netdev_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '/' || name[i] == ':' || isspace((unsigned char)name[i]))
			return false;
	}
	return true;
}

static void note_index(void *index, struct nlmsghdr *answer)
{
	const struct ifinfomsg *link = NLMSG_DATA(answer);

	if (answer->nlmsg_type == RTM_NEWLINK)
		*(int *)index = link->ifi_index;
}

/* The index of a device in the socket's namespace. */
static int find(int fd, const char *name, struct keg_err *err)
{
	const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct netlink_request request;
	int index = 0;

	netlink_begin(&request, RTM_GETLINK, 0, &any, sizeof any);
	netlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	int r = netlink_ask(fd, &request, note_index, &index, err);
	if (r < 0 && err->sys == ENODEV)
		return keg_fail(err, KEG_ENOTFOUND, "there is no such network device");
	if (r >= 0 && index <= 0)
		return keg_fail(err, KEG_ECORRUPT, "the kernel names no index");
	return r < 0 ? r : index;
}

static int set_up(int fd, int index, bool up, struct keg_err *err)
{
	const struct ifinfomsg link = {
		.ifi_index = index,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
	if (netlink_ask(fd, &request, NULL, NULL, err) < 0)
		return keg_wrap(err, up ? "bring it up" : "take it down");
	return 0;
}

static void take_value(struct rtattr *attr, struct value *out)
{
	if (RTA_PAYLOAD(attr) > sizeof out->bytes)
		return;
	out->len = RTA_PAYLOAD(attr);
	memcpy(out->bytes, RTA_DATA(attr), out->len);
}

static void note_address(void *data, struct nlmsghdr *answer)
{
	struct addresses *all = data;
	struct address a = { .head = *(const struct ifaddrmsg *)NLMSG_DATA(answer) };
	size_t len = IFA_PAYLOAD(answer);

	if (answer->nlmsg_type != RTM_NEWADDR || a.head.ifa_index != all->index ||
	    a.head.ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	a.flags = a.head.ifa_flags;
	for (struct rtattr *attr = IFA_RTA(NLMSG_DATA(answer)); RTA_OK(attr, len);
	     attr = RTA_NEXT(attr, len)) {
		if (attr->rta_type == IFA_LOCAL)
			take_value(attr, &a.local);
		else if (attr->rta_type == IFA_ADDRESS)
			take_value(attr, &a.peer);
		else if (attr->rta_type == IFA_BROADCAST)
			take_value(attr, &a.broadcast);
		else if (attr->rta_type == IFA_FLAGS && RTA_PAYLOAD(attr) == sizeof a.flags)
			memcpy(&a.flags, RTA_DATA(attr), sizeof a.flags);
	}
	if (!(a.flags & IFA_F_PERMANENT))
		return;
	all->list = keg_grow(all->list, all->n, &all->room, sizeof *all->list);
	all->list[all->n++] = a;
}

static int list_addresses(int fd, struct addresses *out, struct keg_err *err)
{
	const struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };
	struct netlink_request request;

	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &any, sizeof any);
	return netlink_ask(fd, &request, note_address, out, err) < 0
		       ? keg_wrap(err, "list its addresses")
		       : 0;
}

static void put_value(struct netlink_request *request, uint16_t type, const struct value *value)
{
	if (value->len > 0)
		netlink_put(request, type, value->bytes, value->len);
}

static int add_address(int fd, int index, const struct address *a, struct keg_err *err)
{
	const struct ifaddrmsg head = {
		.ifa_family = a->head.ifa_family,
		.ifa_prefixlen = a->head.ifa_prefixlen,
		.ifa_scope = a->head.ifa_scope,
		.ifa_index = (unsigned)index,
	};
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &head,
		      sizeof head);
	put_value(&request, IFA_LOCAL, &a->local);
	put_value(&request, IFA_ADDRESS, &a->peer);
	put_value(&request, IFA_BROADCAST, &a->broadcast);
	int r = netlink_ask(fd, &request, NULL, NULL, err);
	/* The kernel may have made it itself when the device appeared. */
	return r < 0 && err->sys != EEXIST ? keg_wrap(err, "add its address") : 0;
}

static int rename_to(int fd, int index, const char *name, struct keg_err *err)
{
	const struct ifinfomsg link = { .ifi_index = index };
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
	netlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_ask(fd, &request, NULL, NULL, err) < 0 ? keg_wrap(err, "name it %s", name)
							      : 0;
}

static int send_away(int fd, int index, const char *name, int netns, struct keg_err *err)
{
	const struct ifinfomsg link = { .ifi_index = index };
	struct netlink_request request;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
	netlink_put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	netlink_put(&request, IFLA_NET_NS_FD, &netns, sizeof netns);
	return netlink_ask(fd, &request, NULL, NULL, err) < 0 ? keg_wrap(err, "move it") : 0;
}

static int arrive(int fd, const char *under, const char *name, const struct addresses *addresses,
		  struct keg_err *err)
{
	int index = find(fd, under, err);
	int r = index < 0 ? index : rename_to(fd, index, name, err);

	for (size_t i = 0; i < addresses->n && r >= 0; i++)
		r = add_address(fd, index, &addresses->list[i], err);
	return r < 0 ? r : set_up(fd, index, true, err);
}

static int check_free(int fd, const char *name, struct keg_err *err)
{
	struct keg_err absent;

	if (strchr(name, '%') || find(fd, name, &absent) < 0)
		return 0;
	return keg_fail(err, KEG_EEXISTS, "%s exists already in the container", name);
}

int netdev_move(const char *name, const char *new_name, int netns, struct keg_err *err)
{
	auto(addresses) addresses = { 0 };
	char under[IF_NAMESIZE];
	uint32_t number = 0;
	autofd int here = netlink_open(err);
	autofd int there = here < 0 ? here : netlink_open_in(netns, err);

	if (there < 0)
		return there;
	int index = find(here, name, err);
	int r = index < 0 ? index : check_free(there, new_name, err);
	if (r < 0)
		return r;
	addresses.index = (unsigned)index;
	r = list_addresses(here, &addresses, err);
	if (r >= 0)
		r = set_up(here, index, false, err);
	if (r >= 0 && getrandom(&number, sizeof number, 0) < 0)
		r = keg_fail_sys(err, errno, "getrandom");
	keg_format(under, sizeof under, "keg%08x", number);
	if (r >= 0)
		r = send_away(here, index, under, netns, err);
	return r < 0 ? r : arrive(there, under, new_name, &addresses, err);
}
