/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.c - fails one system call of a program and of all that it clones, to see what becomes of
 * it.
 *
 * inject N [-o FILE] -- PROGRAM...: the Nth system call, counted over all processes in the order in
 * which they make them, is not made and gives an error. N 0 fails none: it counts. FILE gets one
 * line: how many calls there were, and for the one that failed its number, the error, and which
 * process made it ("self", or "child"). The exit status is the program's; 124 when it is not done
 * in TIMEOUT.
 *
 * What the program leaves running on purpose (a container) is counted until it executes something:
 * from its second exec on a process is somebody else, and is let go. Calls that cannot fail, or
 * whose failure nobody can handle (exit, memory, signals' return), are made but counted, so that
 * numbers stay the same.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { MOST = 256, TIMEOUT = 20, SYSGOOD = 0x80 };

struct traced {
	pid_t pid;
	bool failing; /* its call was replaced; the error is put in at the exit */
	bool child;
};

static struct traced all[MOST];
static size_t n_all;
static long count, target, failed_call = -1;
static int failed_error;
static bool failed_in_child;

static struct traced *find(pid_t pid)
{
	for (size_t i = 0; i < n_all; i++) {
		if (all[i].pid == pid)
			return &all[i];
	}
	if (n_all == MOST)
		return NULL;
	all[n_all] = (struct traced){ .pid = pid, .child = n_all > 0 };
	return &all[n_all++];
}

static void forget(pid_t pid)
{
	for (size_t i = 0; i < n_all; i++) {
		if (all[i].pid == pid)
			all[i] = all[--n_all];
	}
}

static bool is_spared(long call)
{
	/* clang-format off */
	static const long spared[] = {
		SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_brk, SYS_mmap, SYS_munmap,
		SYS_mprotect, SYS_mremap, SYS_madvise, SYS_close, SYS_wait4, SYS_waitid,
		SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_arch_prctl, SYS_kill,
		SYS_pidfd_send_signal, SYS_getpid, SYS_geteuid, SYS_getuid, SYS_getgid,
		SYS_getegid, SYS_getppid, SYS_umask, SYS_gettid, SYS_rt_sigaction,
		SYS_rt_sigprocmask, SYS_clock_gettime, SYS_tgkill, SYS_getrandom,
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof spared / sizeof *spared; i++) {
		if (spared[i] == call)
			return true;
	}
	return false;
}

/* An error that the call can give, from its manual page; two where they are handled differently. */
static int error_for(long call, bool other)
{
	switch (call) {
	case SYS_openat:
	case SYS_open:
	case SYS_openat2:
		return other ? EIO : EMFILE;
	case SYS_newfstatat:
	case SYS_statx:
	case SYS_readlink:
	case SYS_readlinkat:
		return other ? ENOENT : EACCES;
	case SYS_read:
	case SYS_pread64:
	case SYS_getdents64:
	case SYS_sendfile:
		return EIO;
	case SYS_write:
		return ENOSPC;
	case SYS_mkdir:
	case SYS_mkdirat:
	case SYS_symlinkat:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_mknodat:
		return ENOSPC;
	case SYS_clone:
	case SYS_clone3:
	case SYS_fork:
	case SYS_vfork:
		return EAGAIN;
	case SYS_execve:
	case SYS_execveat:
		return EACCES;
	case SYS_setns:
	case SYS_unshare:
	case SYS_prctl:
	case SYS_capset:
	case SYS_setgroups:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_mount:
	case SYS_umount2:
	case SYS_pivot_root:
	case SYS_move_mount:
	case SYS_open_tree:
	case SYS_fsopen:
	case SYS_fsconfig:
	case SYS_fsmount:
	case SYS_mount_setattr:
		return EPERM;
	default:
		return ENOMEM;
	}
}

/* At the entry of a call. Returns whether this is the one. */
static bool enter_call(struct traced *t)
{
	struct ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	if (++count != target || is_spared((long)info.entry.nr))
		return false;
	failed_call = (long)info.entry.nr;
	failed_error = error_for(failed_call, target % 2);
	failed_in_child = t->child;
	return true;
}

#if defined(__x86_64__)
#include <sys/user.h>

static void replace_call(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static void put_error(pid_t pid, int error)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.rax = (unsigned long long)-error;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}
#elif defined(__aarch64__)
#include <asm/ptrace.h>
#include <elf.h>

static void replace_call(pid_t pid)
{
	int none = -1;
	struct iovec v = { &none, sizeof none };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &v);
}

static void put_error(pid_t pid, int error)
{
	struct user_pt_regs regs;
	struct iovec v = { &regs, sizeof regs };

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v);
	regs.regs[0] = (unsigned long long)-error;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v);
}
#endif

static void at_call(struct traced *t)
{
	if (t->failing) {
		put_error(t->pid, failed_error);
		t->failing = false;
	} else if (enter_call(t)) {
		replace_call(t->pid);
		t->failing = true;
	}
	ptrace(PTRACE_SYSCALL, t->pid, 0, 0);
}

/* A child of the program that executes something is no part of it any more. */
static void at_stop(pid_t pid, int status)
{
	struct traced *t = find(pid);
	int event = status >> 16;
	int sig = WSTOPSIG(status);

	if (!t || (event == PTRACE_EVENT_EXEC && t->child)) {
		forget(pid);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	} else if (sig == (SIGTRAP | SYSGOOD)) {
		at_call(t);
	} else if (event) {
		ptrace(PTRACE_SYSCALL, pid, 0, 0); /* new processes stop by themselves */
	} else {
		ptrace(PTRACE_SYSCALL, pid, 0, sig);
	}
}

static int trace(pid_t first)
{
	struct timespec now;
	int result = -1;

	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t end = now.tv_sec + TIMEOUT;
	while (result < 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end)
			return 124;
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 125;
		if (WIFSTOPPED(status)) {
			at_stop(pid, status);
			continue;
		}
		forget(pid);
		if (pid == first)
			result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return result;
}

/* What is left is let go: one that waits for its start would count for nothing. */
static void let_go(void)
{
	for (size_t i = 0; i < n_all; i++) {
		int status;

		/* Only a stopped process can be detached from; a stop of its own is no harm. */
		if (ptrace(PTRACE_INTERRUPT, all[i].pid, 0, 0) == 0 &&
		    waitpid(all[i].pid, &status, __WALL) > 0 && WIFSTOPPED(status)) {
			if (all[i].failing)
				put_error(all[i].pid, failed_error);
			ptrace(PTRACE_DETACH, all[i].pid, 0, 0);
		}
	}
}

static void write_report(const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return;
	fprintf(out, "%ld %ld %d %s\n", count, failed_call, failed_error,
		failed_in_child ? "child" : "self");
	fclose(out);
}

static void on_alarm(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
	struct sigaction wake = { .sa_handler = on_alarm };
	const char *report = NULL;
	int at = 2, status;

	if (argc > 4 && strcmp(argv[2], "-o") == 0) {
		report = argv[3];
		at = 4;
	}
	if (argc <= at + 1 || strcmp(argv[at], "--") != 0)
		return 2;
	target = atol(argv[1]);
	pid_t pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		execv(argv[at + 1], argv + at + 1);
		_exit(127);
	}
	waitpid(pid, &status, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0) {
		perror("inject: trace");
		return 125;
	}
	find(pid);
	sigaction(SIGALRM, &wake, NULL);
	alarm(TIMEOUT + 1);
	/* Its first stop under us is the one it is in already. */
	kill(pid, SIGCONT);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	status = trace(pid);
	let_go();
	if (report)
		write_report(report);
	return status;
}
