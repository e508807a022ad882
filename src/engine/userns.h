/* SPDX-License-Identifier: Apache-2.0 */
/*
 * userns.h - how an ordinary user gets an environment in which it is root.
 *
 * A command that touches layers or starts containers enters a user namespace and a mount
 * namespace of its own right at the start of the process, while it has one thread. What only
 * reads records and sends signals stays outside: the kernel already gives the owner of a user
 * namespace every right inside it.
 *
 * All containers of a user should live in one user namespace, or else one could not join
 * another's network. So the namespace of a running monitor is joined where there is one
 * (which is also faster than making one), and made only otherwise.
 */
#ifndef KEG_ENGINE_USERNS_H
#define KEG_ENGINE_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "os/idmap.h"

struct userns_map {
	struct idmap_range *rows;
	size_t n;
};

/*
 * Are we an ordinary user, or in a namespace that one of our commands made for one (nested
 * commands of `keg unshare`)? The paths of an ordinary user are used then.
 */
bool userns_is_rootless(void);
/* The user outside: our uid, or in a nested command the uid that made the namespace. */
uid_t userns_owner(void);
/* The same of the group. */
gid_t userns_owner_group(void);

/* Is there anything to enter: are we an ordinary user outside of our namespace? */
bool userns_is_outside(void);

/*
 * Enter the namespaces of process `pid` (0: make new ones) and become root in them.
 * Nothing happens unless userns_is_outside(). A machine without newuidmap or without ranges
 * in /etc/subuid maps the user alone, with a warning.
 */
int userns_enter(pid_t pid, struct keg_err *err) KEG_MUST_CHECK;

/* /proc/self/uid_map or gid_map, into `arena`. */
int userns_read_map(const char *path, struct userns_map *out, struct keg_arena *arena,
		    struct keg_err *err) KEG_MUST_CHECK;

/* The environment that tells nested commands about userns_enter(). */
void userns_export(void);

#endif
