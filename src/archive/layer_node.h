/* SPDX-License-Identifier: Apache-2.0 */
/* layer_node.h - make one file system object of an archive member: inside layer_apply. */
#ifndef KEG_ARCHIVE_LAYER_NODE_H
#define KEG_ARCHIVE_LAYER_NODE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "archive/tar_reader.h"
#include "base/err.h"

/* Where it goes, and the rules of the place. */
struct layer_place {
	int dir; /* the directory that holds it */
	const char *base;
	bool setgid; /* of that directory */
	bool userns, ignore_chown_errors;
	uint32_t uid, gid; /* whom new files belong to by themselves */
};

/*
 * Each makes the object with owner, attributes, mode and time. 1 when it was made, 0 when
 * something of that name is in the way, or a negative code.
 */
int layer_node_file(const struct layer_place *place, const struct tar_entry *entry,
		    struct tar_reader *content, struct keg_err *err) KEG_MUST_CHECK;
int layer_node_symlink(const struct layer_place *place, const struct tar_entry *entry,
		       struct keg_err *err) KEG_MUST_CHECK;
/* Devices and fifos. In a user namespace devices are left out (and 1 is returned). */
int layer_node_special(const struct layer_place *place, const struct tar_entry *entry,
		       struct keg_err *err) KEG_MUST_CHECK;
/* Owner, attributes and mode of a directory that is there; its time comes last of all. */
int layer_node_dress_dir(const struct layer_place *place, int fd, const struct tar_entry *entry,
			 struct keg_err *err) KEG_MUST_CHECK;

/* overlayfs' sign of a deleted name: a character device 0:0. */
bool layer_is_whiteout(const struct stat *st);
int layer_node_whiteout(const struct layer_place *place, const struct tar_entry *entry,
			struct keg_err *err) KEG_MUST_CHECK;
/* overlayfs' sign of a directory that hides what is below it. */
int layer_set_opaque(int dir, bool userns, struct keg_err *err) KEG_MUST_CHECK;

/* A failed system call whose cause is the archive (a missing link target, a file where a
 * directory must be) is KEG_ECORRUPT; others are as keg_fail_sys() has them. */
int layer_fail_sys(struct keg_err *err, int sys, const char *what);

#endif
