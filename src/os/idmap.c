/* SPDX-License-Identifier: Apache-2.0 */
#include "os/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/format.h"
#include "base/spawn.h"
#include "base/strv.h"
#include "os/process.h"
#include "os/procfs.h"

enum { TOOL_OUTPUT = 4096 };

static int write_proc(pid_t pid, const char *name, const char *text, struct keg_err *err)
{
	char path[64];

	keg_format(path, sizeof path, "%d/%s", (int)pid, name);
	return procfs_write(-1, path, text, err);
}

static int write_map(pid_t pid, const char *name, const struct idmap_range *ranges, size_t n,
		     struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	for (size_t i = 0; i < n; i++)
		keg_buf_printf(&text, "%u %u %u\n", ranges[i].inside, ranges[i].outside,
			       ranges[i].count);
	return write_proc(pid, name, keg_buf_text(&text), err);
}

static int run_tool(const char *tool, pid_t pid, const struct idmap_range *ranges, size_t n,
		    struct keg_err *err)
{
	auto(keg_strv) argv = { 0 };
	auto(keg_buf) said = { 0 };

	keg_strv_add(&argv, tool);
	keg_strv_addf(&argv, "%d", (int)pid);
	for (size_t i = 0; i < n; i++) {
		keg_strv_addf(&argv, "%u", ranges[i].inside);
		keg_strv_addf(&argv, "%u", ranges[i].outside);
		keg_strv_addf(&argv, "%u", ranges[i].count);
	}

	int status =
		keg_spawn_run((const char *const *)argv.v, NULL, TOOL_OUTPUT, NULL, &said, err);
	if (status == -KEG_ENOTFOUND)
		return keg_hint(err, "install the package uidmap, which has %s", tool);
	if (status < 0)
		return status;
	while (said.len > 0 && said.data[said.len - 1] == '\n')
		keg_buf_cut(&said, said.len - 1);
	if (status != 0)
		return keg_fail(err, KEG_EDENIED, "%s: %s", tool, keg_buf_text(&said));
	return 0;
}

/* One id, our own, which the kernel lets an ordinary user map without help. */
static int is_self(const struct idmap_range *ranges, size_t n, uint32_t own)
{
	return n == 1 && ranges[0].count == 1 && ranges[0].outside == own;
}

int idmap_write(pid_t pid, const struct idmap *map, struct keg_err *err)
{
	int r;

	if (geteuid() == 0) {
		r = write_map(pid, "gid_map", map->gids, map->n_gids, err);
		return r < 0 ? r : write_map(pid, "uid_map", map->uids, map->n_uids, err);
	}
	if (is_self(map->gids, map->n_gids, getegid())) {
		/* user_namespaces(7): without a privilege only after setgroups is denied. */
		r = write_proc(pid, "setgroups", "deny", err);
		if (r >= 0)
			r = write_map(pid, "gid_map", map->gids, map->n_gids, err);
	} else {
		r = run_tool("newgidmap", pid, map->gids, map->n_gids, err);
	}
	if (r < 0)
		return r;
	if (is_self(map->uids, map->n_uids, geteuid()))
		return write_map(pid, "uid_map", map->uids, map->n_uids, err);
	return run_tool("newuidmap", pid, map->uids, map->n_uids, err);
}

/* Be there until we are killed, by the death of the parent at the latest. */
KEG_NORETURN static void hold_namespace(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent) {
		for (;;)
			pause();
	}
	_exit(1);
}

int idmap_namespace(const struct idmap *map, struct keg_err *err)
{
	const struct process_clone how = { .flags = CLONE_NEWUSER, .cgroup = -1 };
	char path[64];
	pid_t parent = getpid(), pid = process_clone(&how, NULL, err);

	if (pid < 0)
		return pid;
	if (pid == 0)
		hold_namespace(parent);

	int fd = idmap_write(pid, map, err);
	if (fd >= 0) {
		keg_format(path, sizeof path, "/proc/%d/ns/user", (int)pid);
		fd = keg_open_at(AT_FDCWD, path, O_RDONLY, 0, err);
	}
	kill(pid, SIGKILL);

	struct keg_err ignored;
	(void)!process_wait(pid, &ignored);
	return fd;
}
