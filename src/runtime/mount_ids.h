/* SPDX-License-Identifier: Apache-2.0 */
/* mount_ids.h - the id maps that a mount asks for. */
#ifndef KEG_RUNTIME_MOUNT_IDS_H
#define KEG_RUNTIME_MOUNT_IDS_H

#include "os/idmap.h"
#include "runtime/join.h"
#include "runtime/mount_opts.h"
#include "spec/runtime_config.h"

/* Does the mount ask for any, by an option or by maps of its own? */
bool mount_ids_wanted(const struct oci_mount *mount, const struct mount_opts *opts);

/*
 * The maps of a mount: those of its option, its own, or the container's. The ranges live in the
 * arena. None at all where the container joins a user namespace, whose maps they are.
 */
int mount_ids_of(const struct oci_config *config, const struct join *join,
		 const struct oci_mount *mount, const struct mount_opts *opts, struct idmap *out,
		 struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* crun's words, "uids=0-1-10#10-20-5;gids=@0-0-10": file system id, host id, how many. */
int mount_ids_parse(const char *text, const struct oci_linux *os, struct idmap *out,
		    struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

#endif
