/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of a new namespace is written by newuidmap and newgidmap, which must run outside
 * of it. So two children are forked first; they wait on a pipe until this process has left
 * its user namespace, and then become those programs.
 */
#include "engine/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/strv.h"
#include "os/idmap_text.h"

/* user_namespaces(7): 340 lines are the most that a map may have. */
enum { MAX_SUBID_FILE = 8 << 20, MAX_RANGES = 64, MAX_ROWS = 340 };

#define ENV_OWNER "_CONTAINERS_ROOTLESS_UID"
#define ENV_OWNER_GROUP "_CONTAINERS_ROOTLESS_GID"
#define ENV_DONE "_CONTAINERS_USERNS_CONFIGURED"

static bool from_outer(const char *name, uint32_t *id)
{
	const char *text = getenv(name);
	struct keg_err err;

	return geteuid() == 0 && getenv(ENV_DONE) && text && keg_parse_u32(text, id, &err) >= 0;
}

uid_t userns_owner(void)
{
	uint32_t uid;

	return from_outer(ENV_OWNER, &uid) ? uid : geteuid();
}

gid_t userns_owner_group(void)
{
	uint32_t gid;

	return from_outer(ENV_OWNER_GROUP, &gid) ? gid : getegid();
}

bool userns_is_rootless(void)
{
	return userns_owner() != 0;
}

bool userns_is_outside(void)
{
	return geteuid() != 0;
}

void userns_export(void)
{
	autofree char *owner = keg_printf("%u", userns_owner());
	autofree char *group = keg_printf("%u", userns_owner_group());

	setenv(ENV_OWNER, owner, 1);
	setenv(ENV_OWNER_GROUP, group, 1);
	setenv(ENV_DONE, "done", 1);
}

/* The arguments "PID 0 UID 1 1 START COUNT ..." for newuidmap; returns the count of ranges. */
static size_t add_ranges(struct keg_strv *argv, const char *file, const char *name, uint32_t id)
{
	auto(keg_buf) text = { 0 };
	struct keg_err err;
	struct idmap_range ranges[MAX_RANGES];

	keg_strv_add(argv, "0");
	keg_strv_addf(argv, "%u", id);
	keg_strv_add(argv, "1");
	if (keg_file_read(AT_FDCWD, file, MAX_SUBID_FILE, &text, &err) < 0 || text.len == 0)
		return 0;
	size_t n = idmap_text_parse_sub(text.data, name, id, 1, ranges, MAX_RANGES);
	for (size_t i = 0; i < n; i++) {
		keg_strv_addf(argv, "%u", ranges[i].inside);
		keg_strv_addf(argv, "%u", ranges[i].outside);
		keg_strv_addf(argv, "%u", ranges[i].count);
	}
	return n;
}

/* Wait for one byte, then become the program; a hang-up means that it is not wanted. */
static pid_t fork_mapper(int gate, int other_end, const struct keg_strv *argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	char byte;

	close(other_end);
	if (read(gate, &byte, 1) != 1)
		_exit(1);
	execvp(argv->v[0], argv->v);
	_exit(errno == ENOENT ? 127 : 126);
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int leave(struct keg_err *err)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0)
		return 0;
	keg_fail_sys(err, errno, "cannot create a user namespace");
	return keg_hint(err, "Check /proc/sys/user/max_user_namespaces and "
			     "/proc/sys/kernel/unprivileged_userns_clone.");
}

static int map_with_helpers(const struct keg_strv *uid_argv, const struct keg_strv *gid_argv,
			    struct keg_err *err)
{
	int gate[2];

	if (pipe2(gate, O_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "pipe");
	pid_t uid_pid = fork_mapper(gate[0], gate[1], uid_argv);
	pid_t gid_pid = fork_mapper(gate[0], gate[1], gid_argv);
	int r = leave(err);
	close(gate[0]);
	if (r >= 0 && write(gate[1], "gg", 2) != 2)
		r = keg_fail_sys(err, errno, "start newuidmap");
	close(gate[1]);
	int uid_status = uid_pid > 0 ? reap(uid_pid) : -1;
	int gid_status = gid_pid > 0 ? reap(gid_pid) : -1;
	if (r < 0)
		return r;
	if (uid_status == 0 && gid_status == 0)
		return 0;
	keg_fail(err, KEG_EDENIED, "%s cannot set up the user namespace's map",
		 uid_status != 0 ? "newuidmap" : "newgidmap");
	return keg_hint(err, "Are the ranges of /etc/subuid and /etc/subgid valid, and is "
			     "newuidmap installed with its privileges (package uidmap)?");
}

static int write_text(const char *path, const char *text, struct keg_err *err)
{
	autofd int fd = keg_open_at(AT_FDCWD, path, O_WRONLY, 0, err);

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		return keg_fail_sys(err, errno, "write %s", path);
	return 0;
}

static int map_alone(uid_t uid, gid_t gid, struct keg_err *err)
{
	autofree char *uid_map = keg_printf("0 %u 1\n", uid);
	autofree char *gid_map = keg_printf("0 %u 1\n", gid);
	int r = leave(err);

	if (r >= 0)
		r = write_text("/proc/self/setgroups", "deny", err);
	if (r >= 0)
		r = write_text("/proc/self/uid_map", uid_map, err);
	if (r >= 0)
		r = write_text("/proc/self/gid_map", gid_map, err);
	return r;
}

static bool program_exists(const char *name)
{
	static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin" };

	for (size_t i = 0; i < KEG_COUNT(dirs); i++) {
		autofree char *path = keg_path_join(dirs[i], name);

		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int make_new(struct keg_err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct passwd *user = getpwuid(uid);
	autofree char *name = user ? keg_strdup(user->pw_name) : keg_printf("%u", uid);
	auto(keg_strv) uids = { 0 };
	auto(keg_strv) gids = { 0 };

	keg_strv_add(&uids, "newuidmap");
	keg_strv_addf(&uids, "%d", getpid());
	keg_strv_add(&gids, "newgidmap");
	keg_strv_addf(&gids, "%d", getpid());
	size_t n_uids = add_ranges(&uids, "/etc/subuid", name, uid);
	size_t n_gids = add_ranges(&gids, "/etc/subgid", name, gid);
	if (n_uids == 0 || n_gids == 0)
		keg_warn("no ranges for user %s in /etc/subuid and /etc/subgid: only its own "
			 "id is mapped, which might break some images",
			 name);
	else if (!program_exists("newuidmap") || !program_exists("newgidmap"))
		keg_warn("newuidmap and newgidmap are not installed (package uidmap): only the "
			 "user's own id is mapped, which might break some images");
	else
		return map_with_helpers(&uids, &gids, err);
	return map_alone(uid, gid, err);
}

/* The mount namespace is not joined: ours is private, so that nothing we mount is seen. */
static int join(pid_t pid, struct keg_err *err)
{
	autofree char *path = keg_printf("/proc/%d/ns/user", pid);
	autofd int fd = keg_open_at(AT_FDCWD, path, O_RDONLY, 0, err);

	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
		return keg_fail_sys(err, errno, "join the user namespace of process %d", pid);
	return 0;
}

int userns_enter(pid_t pid, struct keg_err *err)
{
	if (!userns_is_outside())
		return 0;
	userns_export();
	/* The map's files belong to root when the process is not dumpable. */
	prctl(PR_SET_DUMPABLE, 1);
	int r = pid > 0 ? join(pid, err) : make_new(err);
	if (r < 0)
		return r;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "become root in the user namespace");
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return keg_fail_sys(err, errno, "make mounts private");
	return 0;
}

int userns_read_map(const char *path, struct userns_map *out, struct keg_arena *arena,
		    struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, path, MAX_SUBID_FILE, &text, err);

	if (r < 0)
		return r;
	*out = (struct userns_map){ .rows = keg_arena_alloc(arena, MAX_ROWS, sizeof *out->rows) };
	out->n = idmap_text_parse(keg_buf_text(&text), out->rows, MAX_ROWS);
	return 0;
}
