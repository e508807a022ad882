/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's <sys/mount.h>, and the new mount calls, which musl does not have. This folder
 * stands before the system's only with a libc that is not glibc (meson.build); the names are
 * macros, so that a later libc that has them is no contradiction.
 */
#ifndef KEG_MUSL_SYS_MOUNT_H
#define KEG_MUSL_SYS_MOUNT_H

#include_next <sys/mount.h>

#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int keg_open_tree(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path, flags);
}
#define open_tree keg_open_tree

static inline int keg_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to,
				 unsigned flags)
{
	return (int)syscall(SYS_move_mount, from_dirfd, from, to_dirfd, to, flags);
}
#define move_mount keg_move_mount

static inline int keg_fsopen(const char *type, unsigned flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}
#define fsopen keg_fsopen

static inline int keg_fsconfig(int fs, unsigned cmd, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs, cmd, key, value, aux);
}
#define fsconfig keg_fsconfig

static inline int keg_fsmount(int fs, unsigned flags, unsigned attrs)
{
	return (int)syscall(SYS_fsmount, fs, flags, attrs);
}
#define fsmount keg_fsmount

static inline int keg_fspick(int dirfd, const char *path, unsigned flags)
{
	return (int)syscall(SYS_fspick, dirfd, path, flags);
}
#define fspick keg_fspick

static inline int keg_mount_setattr(int dirfd, const char *path, unsigned flags,
				    struct mount_attr *attr, size_t size)
{
	return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, size);
}
#define mount_setattr keg_mount_setattr

#endif
