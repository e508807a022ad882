/* SPDX-License-Identifier: Apache-2.0 */
/* idmap.h - user and group id maps of user namespaces. */
#ifndef KEG_OS_IDMAP_H
#define KEG_OS_IDMAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct idmap_range {
	uint32_t inside, outside, count;
};

struct idmap {
	const struct idmap_range *uids, *gids;
	size_t n_uids, n_gids;
};

/*
 * Give a process' new user namespace its maps. With CAP_SETUID that is a write; an ordinary
 * user may map only himself, anything else goes through newuidmap and newgidmap. setgroups(2)
 * is denied in the namespace where the kernel demands that.
 */
int idmap_write(pid_t pid, const struct idmap *map, struct keg_err *err) KEG_MUST_CHECK;

/* A user namespace with these maps and nobody in it, for idmapped mounts; the caller owns the fd.
 */
int idmap_namespace(const struct idmap *map, struct keg_err *err) KEG_MUST_CHECK;

#endif
