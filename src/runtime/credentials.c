/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "os/caps.h"
#include "os/label.h"
#include "os/namespace.h"
#include "os/path.h"
#include "os/procfs.h"
#include "os/rlimit.h"

/* setresuid(2), setresgid(2): -1 leaves an id as it is, which would be root's. */
static const uint32_t NO_ID = UINT32_MAX;

static int set_oom_score(pid_t pid, int score, bool lenient, struct keg_err *err)
{
	char path[64], text[16];

	if (pid)
		keg_format(path, sizeof path, "%d/oom_score_adj", (int)pid);
	else
		keg_format(path, sizeof path, "self/oom_score_adj");
	keg_format(text, sizeof text, "%d", score);
	int r = procfs_write(-1, path, text, err);
	/* Lowering it needs CAP_SYS_RESOURCE on the host. */
	if (r == -KEG_EDENIED && lenient)
		return 0;
	return r < 0 ? keg_wrap(err, "set oomScoreAdj to %d", score) : 0;
}

/* Either the limit of open files or all others. */
static int set_limits(pid_t pid, const struct oci_process *process, bool files, struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < process->n_rlimits && r >= 0; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];

		if (files == (strcmp(limit->type, "RLIMIT_NOFILE") == 0))
			r = rlimit_set(pid, limit->type, limit->soft, limit->hard, err);
	}
	return r;
}

int credentials_limit(pid_t pid, const struct oci_process *process, bool lenient,
		      struct keg_err *err)
{
	int r = 0;

	if (process->oom_score_adj)
		r = set_oom_score(pid, *process->oom_score_adj, lenient, err);
	return r < 0 ? r : set_limits(pid, process, false, err);
}

int credentials_limit_files(pid_t pid, const struct oci_process *process, struct keg_err *err)
{
	return set_limits(pid, process, true, err);
}

void credentials_fit_limits(const struct runtime_context *ctx, struct oci_process *process,
			    struct keg_arena *arena)
{
	size_t n = process->n_rlimits;
	bool may_raise = caps_effective() >> CAP_SYS_RESOURCE & 1 && !namespace_user_is_partial();

	if (!ctx->rootless || n == 0 || may_raise)
		return;
	struct oci_rlimit *list = keg_arena_alloc(arena, n, sizeof *list);
	memcpy(list, process->rlimits, n * sizeof *list);
	process->rlimits = list;
	for (size_t i = 0; i < n; i++) {
		uint64_t hard = rlimit_hard(list[i].type);

		if (list[i].hard <= hard)
			continue;
		list[i].hard = hard;
		list[i].soft = list[i].soft < hard ? list[i].soft : hard;
		autofree char *text = keg_printf("%s cannot be raised and stays at %llu",
						 list[i].type, (unsigned long long)hard);
		if (ctx->warn)
			ctx->warn(ctx->sink, text);
	}
}

/* Names to a word of bits; those not among the known ones are collected. */
static uint64_t set_of(const char **names, size_t n, uint64_t known, struct keg_strv *unknown)
{
	uint64_t set = 0;

	for (size_t i = 0; i < n; i++) {
		int number = caps_number(names[i]);

		if (number >= 0 && known >> number & 1)
			set |= UINT64_C(1) << number;
		else if (unknown && !keg_strv_has(unknown, names[i]))
			keg_strv_add(unknown, names[i]);
	}
	return set;
}

static struct caps caps_of(const struct oci_capabilities *c, uint64_t known,
			   struct keg_strv *unknown)
{
	if (!c)
		return (struct caps){ 0 };
	return (struct caps){
		.bounding = set_of(c->bounding, c->n_bounding, known, unknown),
		.effective = set_of(c->effective, c->n_effective, known, unknown),
		.permitted = set_of(c->permitted, c->n_permitted, known, unknown),
		.inheritable = set_of(c->inheritable, c->n_inheritable, known, unknown),
		.ambient = set_of(c->ambient, c->n_ambient, known, unknown),
	};
}

static void warn_of_unknown(const struct runtime_context *ctx, struct keg_strv *unknown)
{
	keg_strv_sort(unknown);
	autofree char *list = keg_strv_join(unknown, " ");
	autofree char *text =
		keg_printf("ignoring unknown or unavailable capabilities: [%s]", list);

	ctx->warn(ctx->sink, text);
}

/* capabilities(7): an ambient one has to be permitted and inheritable. */
static void warn_of_ambient(const struct runtime_context *ctx, uint64_t impossible)
{
	for (int i = 0; impossible >> i; i++) {
		if (!(impossible >> i & 1))
			continue;
		autofree char *text =
			keg_printf("can't raise ambient capability %s: %s", caps_name(i),
				   "it is not permitted and inheritable");

		ctx->warn(ctx->sink, text);
	}
}

/* In a user namespace all can be given; otherwise what we have. */
static int find_grantable(const struct oci_linux *os, uint64_t *out, struct keg_err *err)
{
	uint64_t held = UINT64_MAX;
	int r = 0;
	bool in_userns = false;

	for (size_t i = 0; os && i < os->n_namespaces; i++)
		in_userns |= keg_str_eq(os->namespaces[i].type, "user");
	if (!in_userns)
		r = caps_permitted(&held, err);
	*out = caps_known() & held;
	return r;
}

static int check_caps(const struct runtime_context *ctx, const struct oci_linux *os,
		      const struct oci_capabilities *c, struct keg_err *err)
{
	auto(keg_strv) unknown = { 0 };
	uint64_t grantable = 0;
	int r = find_grantable(os, &grantable, err);

	if (r < 0)
		return r;
	if (!ctx->warn)
		return 0;
	struct caps caps = caps_of(c, grantable, &unknown);
	if (unknown.n > 0)
		warn_of_unknown(ctx, &unknown);
	/* Engines that leave the inheritable set empty (CVE-2022-24769) may still name ambient
	 * ones. */
	if (caps.inheritable)
		warn_of_ambient(ctx, caps.ambient & ~(caps.permitted & caps.inheritable));
	return 0;
}

int credentials_check(const struct runtime_context *ctx, const struct oci_linux *os,
		      const struct oci_process *process, struct keg_err *err)
{
	if (process->user && (process->user->uid == NO_ID || process->user->gid == NO_ID))
		return keg_fail(err, KEG_EUSAGE, "user %u:%u: %u is no id", process->user->uid,
				process->user->gid, NO_ID);
	int r = check_caps(ctx, os, process->capabilities, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < process->n_rlimits; i++) {
		if (rlimit_number(process->rlimits[i].type) < 0)
			return keg_fail(err, KEG_EUSAGE, "invalid rlimit type: %s",
					process->rlimits[i].type);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(process->rlimits[i].type, process->rlimits[j].type) == 0)
				return keg_fail(err, KEG_EUSAGE, "duplicated rlimit type: %s",
						process->rlimits[i].type);
		}
	}
	if (!keg_str_empty(process->apparmor_profile) && !label_apparmor_enabled())
		return keg_fail(err, KEG_EUNSUPPORTED,
				"apparmor is not enabled on the system, so profile %s cannot be "
				"applied",
				process->apparmor_profile);
	if (!keg_str_empty(process->selinux_label) && !label_selinux_enabled())
		return keg_fail(err, KEG_EUNSUPPORTED,
				"selinux label is specified in config, but selinux is disabled or "
				"not supported");
	return 0;
}

static int folder_failed(const char *cwd, struct keg_err *err)
{
	/* As for a command that is not there or must not be run. */
	if (err->code == KEG_ENOTFOUND)
		err->code = KEG_ENOCOMMAND;
	else if (err->code == KEG_EDENIED)
		err->code = KEG_EBADCOMMAND;
	return keg_wrap(err, "mkdir/chdir to cwd (\"%s\") set in config.json failed", cwd);
}

/* A descriptor of a host's folder that leaked to us would do as well (CVE-2024-21626). */
static int check_folder(struct keg_err *err)
{
	char where[4096];

	if (!getcwd(where, sizeof where) || where[0] != '/')
		return keg_fail(err, KEG_EDENIED,
				"current working directory is outside of container mount namespace "
				"root -- possible container breakout detected");
	return 0;
}

static const char *folder_of(const struct oci_process *process)
{
	return keg_str_empty(process->cwd) ? "/" : process->cwd;
}

int credentials_enter_folder(const struct oci_process *process, int root, bool *late,
			     struct keg_err *err)
{
	const char *cwd = folder_of(process);
	autofd int fd = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, err);
	int r = fd;

	if (fd >= 0 && fchdir(fd) < 0)
		r = keg_fail_sys(err, errno, "change folder");
	*late = r == -KEG_EDENIED && (err->sys == EACCES || err->sys == EPERM);
	if (*late)
		return 0;
	return r < 0 ? folder_failed(cwd, err) : check_folder(err);
}

/* The root of the container is "/" by now, and a filter may forbid openat2(). */
static int enter_folder_late(const struct oci_process *process, struct keg_err *err)
{
	const char *cwd = folder_of(process);

	if (chdir(cwd) < 0) {
		keg_fail_sys(err, errno, "change folder");
		return folder_failed(cwd, err);
	}
	return check_folder(err);
}

/* runc leaves the group, which says who else may read a log or write to a terminal. */
static bool is_owned(const struct stat *st, const struct oci_user *user, bool as_crun)
{
	if (as_crun)
		return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ||
		       (st->st_uid == user->uid && st->st_gid == user->gid);
	return st->st_uid == user->uid || (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3));
}

/* So that the user can open /dev/stdout again; null devices belong to everybody. */
static int own_streams(const struct oci_user *user, bool as_crun, struct keg_err *err)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0 || is_owned(&st, user, as_crun))
			continue;
		if (fchown(fd, user->uid, as_crun ? user->gid : st.st_gid) < 0 && errno != EINVAL &&
		    errno != EPERM && errno != EROFS)
			return keg_fail_sys(err, errno, "set the owner of descriptor %d", fd);
	}
	return 0;
}

static bool setgroups_denied(int procfs)
{
	char answer[8] = "";
	autofd int fd = openat(procfs, "self/setgroups", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, answer, sizeof answer - 1) > 0 &&
	       strncmp(answer, "deny", 4) == 0;
}

static int set_groups(const struct oci_user *user, int procfs, struct keg_err *err)
{
	size_t n = user->n_additional_gids;

	_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are passed as they stand");
	if (setgroups(n, user->additional_gids) < 0) {
		if (n > 0 || errno != EPERM || !setgroups_denied(procfs))
			return keg_fail_sys(err, errno,
					    n > 0 ? "set additional groups"
						  : "drop additional groups");
	}
	return 0;
}

static int set_ids(const struct oci_user *user, struct keg_err *err)
{
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return keg_fail_sys(err, errno, "set group id %u", user->gid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return keg_fail_sys(err, errno, "set user id %u", user->uid);
	return 0;
}

int credentials_assume(const struct oci_process *process, const struct credentials_how *how,
		       struct keg_err *err)
{
	static const struct oci_user nobody_else = { 0 };
	const struct oci_user *user = process->user ? process->user : &nobody_else;
	const struct caps caps = caps_of(process->capabilities, caps_known(), NULL);
	/* A terminal is the container's own, be it a device. */
	int r = own_streams(user, how->as_crun && !process->terminal, err);

	if (r >= 0 && process->capabilities)
		r = caps_limit_bounding(caps.bounding, err);
	if (r >= 0)
		r = caps_keep_over_setuid(true, err);
	if (r >= 0 && !how->keep_groups)
		r = set_groups(user, how->procfs, err);
	if (r >= 0)
		r = set_ids(user, err);
	if (r >= 0 && how->late_folder)
		r = enter_folder_late(process, err);
	if (r >= 0)
		r = caps_keep_over_setuid(false, err);
	if (r >= 0 && process->capabilities)
		r = caps_apply(&caps, err);
	if (r < 0)
		return r;
	umask(user->umask ? (mode_t)*user->umask : 0022);
	return 0;
}

int credentials_label(const struct oci_process *process, int procfs, struct keg_err *err)
{
	int r = 0;

	if (!keg_str_empty(process->apparmor_profile))
		r = label_apparmor_on_exec(procfs, process->apparmor_profile, err);
	if (r >= 0 && !keg_str_empty(process->selinux_label))
		r = label_selinux_on_exec(procfs, process->selinux_label, err);
	return r;
}

int credentials_become_root(bool keep_groups, struct keg_err *err)
{
	/* Denied in a namespace that an ordinary user mapped; nothing to drop there then. */
	if (!keep_groups && setgroups(0, NULL) < 0 && errno != EPERM)
		return keg_fail_sys(err, errno, "drop additional groups");
	if (setresgid(0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "become root's group in the user namespace");
	if (setresuid(0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "become root in the user namespace");
	return 0;
}
