/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare ROOTFS PROGRAM [ARG...] - the least that a container costs: a process in the namespaces that
 * an engine asks for, whose root is ROOTFS. No configuration, limits, control groups, devices,
 * masks or filter, and no file system is mounted but the root itself, as pivot_root(2) demands.
 * What a runtime takes above this is its own work, and the kernel's for what it asked for.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS };

static int fail(const char *what)
{
	perror(what);
	return 125;
}

static int enter(const char *rootfs)
{
	/* Nothing that is mounted here may reach the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail("detach from the host's mounts");
	if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(rootfs) < 0)
		return fail(rootfs);
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return fail("pivot_root");
	return 0;
}

int main(int argc, char **argv)
{
	struct clone_args how = { .flags = NAMESPACES, .exit_signal = SIGCHLD };
	int status;

	if (argc < 3) {
		fputs("usage: bare ROOTFS PROGRAM [ARG...]\n", stderr);
		return 125;
	}
	pid_t pid = (pid_t)syscall(SYS_clone3, &how, sizeof how);
	if (pid < 0)
		return fail("clone3");
	if (pid == 0) {
		int r = enter(argv[1]);

		if (r == 0)
			execv(argv[2], argv + 2);
		_exit(r ? r : fail(argv[2]));
	}
	if (waitpid(pid, &status, 0) < 0)
		return fail("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
