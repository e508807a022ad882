/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not named here answers ENOSYS, so that programs fall back to what they did before
 * that system call existed. What must look forbidden rather than unknown answers EPERM.
 * The names are kept as text: an array of them would be relocated at every start.
 */
#include "engine/seccomp_default.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "base/mem.h"

/* For every container; what they do is checked by the kernel as for any user. */
static const char always[] =
	"_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget "
	"capset chdir chmod chown chown32 clock_adjtime clock_adjtime64 clock_getres "
	"clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
	"clock_nanosleep_time64 clone clone3 close close_range connect copy_file_range "
	"creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
	"epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit "
	"exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark "
	"fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync "
	"fgetxattr flistxattr flock fork fremovexattr fsconfig fsetxattr fsmount fsopen "
	"fspick fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex "
	"futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat "
	"get_mempolicy get_robust_list get_thread_area getcpu getcwd getdents getdents64 "
	"getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 "
	"getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom "
	"getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname "
	"getsockopt gettid gettimeofday getuid getuid32 getxattr inotify_add_watch "
	"inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents "
	"io_setup io_submit ioctl ioprio_get ioprio_set ipc keyctl kill landlock_add_rule "
	"landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link "
	"linkat listen listxattr llistxattr lremovexattr lseek lsetxattr lstat lstat64 "
	"madvise mbind membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod "
	"mknodat mlock mlock2 mlockall mmap mmap2 mount mount_setattr move_mount mprotect "
	"mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
	"mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd "
	"msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open "
	"open_tree openat openat2 pause pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 "
	"pivot_root pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl "
	"pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv "
	"process_vm_writev pselect6 pselect6_time64 ptrace pwrite64 pwritev pwritev2 read "
	"readahead readdir readlink readlinkat readv reboot recv recvfrom recvmmsg "
	"recvmmsg_time64 recvmsg remap_file_pages removexattr rename renameat renameat2 "
	"restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask "
	"rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
	"rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity "
	"sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
	"semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_mempolicy "
	"set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid "
	"setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setns setpgid "
	"setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
	"setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr shmat "
	"shmctl shmdt shmget shutdown sigaction sigaltstack signal signalfd signalfd4 "
	"sigpending sigprocmask sigreturn sigsuspend socketcall socketpair splice stat "
	"stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs syscall "
	"sysinfo syslog tee tgkill time timer_create timer_delete timer_getoverrun "
	"timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd timerfd_create "
	"timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill "
	"truncate truncate64 ugetrlimit umask umount umount2 uname unlink unlinkat unshare "
	"utime utimensat utimensat_time64 utimes vfork wait4 waitid waitpid write writev";

/* Obsolete, or about the machine and not about a container. */
static const char refused[] =
	"bdflush io_pgetevents kexec_file_load kexec_load migrate_pages move_pages "
	"nfsservctl nice oldfstat oldlstat oldolduname oldstat olduname pciconfig_iobase "
	"pciconfig_read pciconfig_write sgetmask ssetmask swapcontext swapoff swapon sysfs "
	"uselib userfaultfd ustat vm86 vm86old vmsplice";

/* Only with the capability; without it EPERM. */
static const struct {
	const char *cap, *names;
} gated[] = {
	{ "CAP_DAC_READ_SEARCH", "open_by_handle_at" },
	{ "CAP_SYS_ADMIN", "bpf fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd "
			   "setdomainname sethostname" },
	{ "CAP_SYS_CHROOT", "chroot" },
	{ "CAP_SYS_MODULE", "delete_module finit_module init_module query_module" },
	{ "CAP_SYS_PACCT", "acct" },
	{ "CAP_SYS_PTRACE", "kcmp process_madvise" },
	{ "CAP_SYS_RAWIO", "ioperm iopl" },
	{ "CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime" },
	{ "CAP_SYS_TTY_CONFIG", "vhangup" },
};

/* Only these architectures have them. */
static const struct {
	const char *arches, *names;
} native[] = {
	{ "amd64 x32", "arch_prctl" },
	{ "amd64 x32 x86", "modify_ldt" },
	{ "arm arm64", "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls "
		       "sync_file_range2" },
	{ "ppc64le", "sync_file_range2" },
	{ "riscv64", "riscv_flush_icache" },
	{ "s390 s390x", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr" },
};

/* The execution domains that change nothing but the look of uname. */
static const uint64_t personalities[] = {
	PER_LINUX, PER_LINUX32, UNAME26, UNAME26 | PER_LINUX32, UINT32_MAX /* only asks */
};

static const struct {
	const char *arch, *sub;
} archs[] = {
	{ "SCMP_ARCH_X86_64", "SCMP_ARCH_X86 SCMP_ARCH_X32" },
	{ "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM" },
	{ "SCMP_ARCH_S390X", "SCMP_ARCH_S390" },
	{ "SCMP_ARCH_RISCV64", "" },
	{ "SCMP_ARCH_PPC64LE", "" },
};

enum { SOCKET_RULES = 4, FIXED_RULES = 2 };

static const char **words(const char *text, size_t *n, struct keg_arena *arena)
{
	size_t room = 1;

	for (const char *p = text; *p; p++)
		room += *p == ' ';

	const char **list = keg_arena_alloc(arena, room + 1, sizeof *list);
	for (char *at = keg_arena_strdup(arena, text), *word; (word = strsep(&at, " "));) {
		if (word[0])
			list[(*n)++] = word;
	}
	return list;
}

static struct seccomp_conditional *add(struct seccomp_document *out, const char *names, int refusal,
				       struct keg_arena *arena)
{
	struct seccomp_conditional *rule = &out->rules[out->n_rules++];

	rule->names = words(names, &rule->n_names, arena);
	rule->action = refusal ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW";
	if (refusal) {
		uint32_t *number = keg_arena_alloc(arena, 1, sizeof *number);

		*number = (uint32_t)refusal;
		rule->errno_ret = number;
	}
	return rule;
}

static struct seccomp_condition *with_cap(const char *cap, struct keg_arena *arena)
{
	struct seccomp_condition *condition = keg_arena_alloc(arena, 1, sizeof *condition);

	condition->caps = words(cap, &condition->n_caps, arena);
	return condition;
}

static void where(struct seccomp_conditional *rule, uint32_t index, const char *op, uint64_t value,
		  struct keg_arena *arena)
{
	if (!rule->args)
		rule->args = keg_arena_alloc(arena, 2, sizeof *rule->args);
	rule->args[rule->n_args++] =
		(struct oci_syscall_arg){ .index = index, .op = op, .value = value };
}

/* The audit socket would write into the host's log: as if there were no auditing. */
static void add_socket(struct seccomp_document *out, struct keg_arena *arena)
{
	enum { DOMAIN = 0, PROTOCOL = 2 };
	struct seccomp_conditional *rule = add(out, "socket", EINVAL, arena);

	rule->excludes = with_cap("CAP_AUDIT_WRITE", arena);
	where(rule, DOMAIN, "SCMP_CMP_EQ", AF_NETLINK, arena);
	where(rule, PROTOCOL, "SCMP_CMP_EQ", NETLINK_AUDIT, arena);
	rule = add(out, "socket", 0, arena);
	rule->excludes = with_cap("CAP_AUDIT_WRITE", arena);
	where(rule, DOMAIN, "SCMP_CMP_NE", AF_NETLINK, arena);
	rule = add(out, "socket", 0, arena);
	rule->excludes = with_cap("CAP_AUDIT_WRITE", arena);
	where(rule, PROTOCOL, "SCMP_CMP_NE", NETLINK_AUDIT, arena);
	add(out, "socket", 0, arena)->includes = with_cap("CAP_AUDIT_WRITE", arena);
}

static void add_archs(struct seccomp_document *out, struct keg_arena *arena)
{
	out->arch_map = keg_arena_alloc(arena, KEG_COUNT(archs), sizeof *out->arch_map);
	out->n_arch_map = KEG_COUNT(archs);
	for (size_t i = 0; i < KEG_COUNT(archs); i++) {
		out->arch_map[i].architecture = archs[i].arch;
		out->arch_map[i].sub = words(archs[i].sub, &out->arch_map[i].n_sub, arena);
	}
}

void seccomp_default_document(struct seccomp_document *out, struct keg_arena *arena)
{
	static const uint32_t unknown = ENOSYS;
	size_t most = FIXED_RULES + SOCKET_RULES + 2 * KEG_COUNT(gated) + KEG_COUNT(native) +
		      KEG_COUNT(personalities);

	*out = (struct seccomp_document){
		.default_action = "SCMP_ACT_ERRNO",
		.default_errno_ret = &unknown,
		.rules = keg_arena_alloc(arena, most, sizeof *out->rules),
	};
	add_archs(out, arena);
	add(out, refused, EPERM, arena);
	add(out, always, 0, arena);
	for (size_t i = 0; i < KEG_COUNT(personalities); i++)
		where(add(out, "personality", 0, arena), 0, "SCMP_CMP_EQ", personalities[i], arena);
	for (size_t i = 0; i < KEG_COUNT(native); i++) {
		struct seccomp_condition *on = keg_arena_alloc(arena, 1, sizeof *on);

		on->arches = words(native[i].arches, &on->n_arches, arena);
		add(out, native[i].names, 0, arena)->includes = on;
	}
	for (size_t i = 0; i < KEG_COUNT(gated); i++) {
		add(out, gated[i].names, 0, arena)->includes = with_cap(gated[i].cap, arena);
		add(out, gated[i].names, EPERM, arena)->excludes = with_cap(gated[i].cap, arena);
	}
	add_socket(out, arena);
}
