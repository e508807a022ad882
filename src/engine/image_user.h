/* SPDX-License-Identifier: Apache-2.0 */
/* image_user.h - users and groups as the container's own /etc/passwd and /etc/group know them. */
#ifndef KEG_ENGINE_IMAGE_USER_H
#define KEG_ENGINE_IMAGE_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct image_user {
	uint32_t uid, gid;
	const char *home; /* "/" when the user has no entry */
	bool has_entry;	  /* in /etc/passwd */
	uint32_t *groups; /* supplementary */
	size_t n_groups;
};

/*
 * Who `spec` is: "", USER, UID, USER:GROUP, UID:GID. The files are those of the tree at
 * `rootfd`, read without leaving it; a missing one knows nobody. A number needs no entry, a
 * name does: KEG_ENOTFOUND otherwise. The result lives in `arena`.
 */
int image_user_find(int rootfd, const char *spec, struct image_user *out, struct keg_arena *arena,
		    struct keg_err *err) KEG_MUST_CHECK;

/* The number of a group by name or number. */
int image_group_find(int rootfd, const char *group, uint32_t *gid,
		     struct keg_err *err) KEG_MUST_CHECK;

#endif
