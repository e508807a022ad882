/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - one container's control group: v1, v2 and the hybrid of both.
 *
 * The kernel's hierarchies are found below /sys/fs/cgroup from what /proc/self/cgroup names.
 * A `struct cgroup` is the same group in all of them: it is made with one path, entered, limited,
 * frozen, killed and deleted as one. Each controller is used where it lives, so that a hybrid
 * with, say, hugetlb in v2 and the rest in v1 is no special case.
 *
 * Entering is the expensive part: writing a pid to cgroup.procs waits for an RCU grace period
 * (5-7 ms). Therefore a child is cloned into the v2 group (cgroup_clone_fd() with
 * CLONE_INTO_CGROUP) and moves itself into the v1 groups (cgroup_enter()), which waits for
 * nothing.
 *
 * Files: cgroup.c make and open; cgroup_delete.c; cgroup_below.c; cgroup_layout.c what is mounted;
 * cgroup_fs.c the files of a group; cgroup_limits.c all limits, with cgroup_memory.c, cgroup_cpu.c
 * and cgroup_io.c; cgroup_devices.c device rules, cgroup_bpf.c their program for v2; cgroup_procs.c
 * enter, list, signal; cgroup_freeze.c; cgroup_stat.c; cgroup_oom.c.
 */
#ifndef KEG_OS_CGROUP_H
#define KEG_OS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"

struct cgroup;

struct cgroup_request {
	/*
	 * As linux.cgroupsPath: below the mount roots when it begins with '/', else beside our
	 * own group. NULL or "" is "/keg/<id>", for an ordinary user "keg/<id>". The form
	 * "slice:prefix:name" belongs to the systemd manager (cgroup_manager.h) and is refused.
	 */
	const char *path;
	const char *id;
	const char *other_id; /* without a path: where there is a group of `id` already; or NULL */
	bool rootless;	      /* go on without a hierarchy in which we may not make groups */
	bool adopt;	      /* the manager made it, around a process of ours: in use is fine */
	/*
	 * Called before the first group is made, with what cgroup_place() will say: to note where
	 * to clean up after a crash. May be NULL; its failure ends the making.
	 */
	int (*planned)(void *data, const char *place, struct keg_err *err);
	void *data;
};

/*
 * Make the group wherever a hierarchy is mounted, with every v2 controller enabled for it. An
 * empty group of that name is used; one with processes is KEG_EBUSY. On failure what was made
 * is removed again. The caller frees *out.
 */
int cgroup_make(const struct cgroup_request *want, struct cgroup **out,
		struct keg_err *err) KEG_MUST_CHECK;

/*
 * Where the group is, as text to keep in the container's state for cgroup_open(): its path when
 * it is the same in all hierarchies, else lines as in /proc/PID/cgroup. "" where there is none.
 * Valid as long as the group.
 */
const char *cgroup_place(struct cgroup *group);

/*
 * The group again, from cgroup_place(). A hierarchy in which it is gone is left out, so this
 * works on half deleted groups; cgroup_exists() says whether anything is left.
 */
int cgroup_open(const char *place, struct cgroup **out, struct keg_err *err) KEG_MUST_CHECK;

/* The groups in which a process is. KEG_ENOTFOUND when there is no such process. */
int cgroup_open_pid(pid_t pid, struct cgroup **out, struct keg_err *err) KEG_MUST_CHECK;

bool cgroup_exists(const struct cgroup *group);
/*
 * Did cgroup_make() find the v2 group, rather than make it? In one in which cgroup.kill was ever
 * used Linux kills from 6.14 on whoever is cloned into it: it has to be entered instead.
 */
bool cgroup_was_there(const struct cgroup *group);
/* Is cgroup v2 the only hierarchy, as opposed to v1 or the hybrid? */
bool cgroup_is_unified(const struct cgroup *group);
/* The absolute path of the group's folder in the hierarchy of a controller ("memory"; "" for
 * the v2 one), or NULL; the caller frees. */
char *cgroup_folder(const struct cgroup *group, const char *controller);

/* Release the memory and descriptors; the group itself stays. NULL is fine. */
void cgroup_free(struct cgroup *group);
KEG_AUTOPTR(cgroup, cgroup_free)

/*
 * Remove the group and what is below it. Processes that are dying are waited for by
 * cgroup.events where there is v2, else with bounded pauses; after about two seconds it is
 * KEG_EBUSY naming the folder. What is gone already is fine.
 */
int cgroup_delete(struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;
/*
 * Remove it wherever nothing is in it, at one system call a hierarchy; true: that was everywhere.
 * Else cgroup_signal() and cgroup_delete() see to the hierarchies that are left.
 */
bool cgroup_delete_idle(struct cgroup *group);

/*
 * Mean a group below the container's from now on: "path" in each hierarchy that has it, or
 * "memory,cpu:path" in those of these controllers. Before cgroup_prepare(). A path with ".." is
 * KEG_EUSAGE, a group that is nowhere, or not where it was said to be, KEG_ENOTFOUND.
 */
int cgroup_go_below(struct cgroup *group, const char *where, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Open what cgroup_enter() writes to; cgroup_make() has done it already. KEG_EDENIED and
 * KEG_ENOTFOUND name the file.
 */
int cgroup_prepare(struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;

/* The v2 group's folder for clone3(CLONE_INTO_CGROUP), owned by the group; -1: there is none.
 * After cgroup_prepare(). */
int cgroup_clone_fd(const struct cgroup *group);

/*
 * Move the calling process, which has one thread, into the v1 groups; without `cloned`, into
 * the v2 group as well (slow). Neither allocates nor locks: for the child after clone. The
 * descriptors come from the parent, so the child's credentials and namespaces do not matter.
 */
int cgroup_enter(const struct cgroup *group, bool cloned, struct keg_err *err) KEG_MUST_CHECK;

/* Move another process, with all its threads, everywhere. Slow: see above. */
int cgroup_add(const struct cgroup *group, pid_t pid, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Enable all that v2 offers from its root down to the group; what cannot be is left out.
 * cgroup_make() has done it already, but for a group that was adopted: while a process is in the
 * group above, that would make it a threaded one, which no other process can enter.
 */
void cgroup_enable_controllers(struct cgroup *group);

/* Let uid/gid govern the v2 group (cgroup delegation); does nothing in v1. */
int cgroup_chown(const struct cgroup *group, uid_t uid, gid_t gid,
		 struct keg_err *err) KEG_MUST_CHECK;

/* --- limits ------------------------------------------------------------------------------ */

struct cgroup_device {
	uint32_t major, minor;
};

struct cgroup_throttle {
	struct cgroup_device device;
	uint64_t rate; /* bytes or operations a second; 0 removes the limit */
};

struct cgroup_device_weight {
	struct cgroup_device device;
	const uint32_t *weight, *leaf_weight;
};

enum { CGROUP_ACCESS_READ = 1, CGROUP_ACCESS_WRITE = 2, CGROUP_ACCESS_MKNOD = 4 };
enum { CGROUP_ANY = -1 };

struct cgroup_device_rule {
	bool allow;
	char type;	      /* 'c', 'b', or 'a' for both */
	int64_t major, minor; /* or CGROUP_ANY */
	unsigned access;      /* CGROUP_ACCESS_* */
};

struct cgroup_hugepage {
	const char *size; /* "2MB" */
	uint64_t limit;
};

struct cgroup_rdma {
	const char *device;
	const uint32_t *handles, *objects;
};

struct cgroup_if_priority {
	const char *interface;
	uint32_t priority;
};

struct cgroup_file {
	const char *name, *value;
};

/*
 * What linux.resources says, in v1's units as the specification has them. NULL means not
 * asked, which leaves the kernel's value. -1 lifts a limit.
 */
struct cgroup_resources {
	struct {
		const int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp;
		const uint64_t *swappiness;
		const bool *disable_oom_killer;
		bool check_before_update;
	} memory;
	struct {
		const uint64_t *shares, *period, *burst, *realtime_period;
		const int64_t *quota, *realtime_runtime, *idle;
		const char *cpus, *mems; /* NULL or "": not asked */
	} cpu;
	const int64_t *pids_limit;
	struct {
		const uint32_t *weight, *leaf_weight;
		const struct cgroup_device_weight *devices;
		const struct cgroup_throttle *read_bps, *write_bps, *read_iops, *write_iops;
		size_t n_devices, n_read_bps, n_write_bps, n_read_iops, n_write_iops;
	} io;
	const struct cgroup_hugepage *hugepages;
	const struct cgroup_rdma *rdma;
	const uint32_t *net_class;
	const struct cgroup_if_priority *net_priorities;
	const struct cgroup_file *unified;	  /* v2 files by name, written as they stand */
	const struct cgroup_device_rule *devices; /* in order, a later one wins */
	size_t n_hugepages, n_rdma, n_net_priorities, n_unified, n_devices;
};

/*
 * Set what is asked, before any process is in the group or after. The error names the file,
 * the value and the reason; what was set before it stays. A limit whose controller is not
 * there, or that this version of cgroups does not know, is KEG_EUNSUPPORTED; device rules alone
 * are left out where a rootless request could not have them.
 */
int cgroup_apply(struct cgroup *group, const struct cgroup_resources *want,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * For a group that has limits: a quota of cpu time without a period, or the other way round, is
 * meant with the one that there is. What is filled in lives in the arena.
 */
void cgroup_complete(struct cgroup *group, struct cgroup_resources *want, struct keg_arena *arena);

/* Would some of it be refused for what runs in the group? Sets nothing. */
int cgroup_check(struct cgroup *group, const struct cgroup_resources *want,
		 struct keg_err *err) KEG_MUST_CHECK;

/* --- a running group --------------------------------------------------------------------- */

/* Stop or continue all processes; returns when the kernel says that they are, within 2 s. */
int cgroup_freeze(struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;
int cgroup_thaw(struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;
/* 1 frozen (or freezing), 0 not. */
int cgroup_is_frozen(const struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;

/* The processes in the group and below it, each once; the caller frees *pids. */
int cgroup_pids(const struct cgroup *group, pid_t **pids, size_t *n,
		struct keg_err *err) KEG_MUST_CHECK;

/* Send a signal to each of them. SIGKILL leaves none: cgroup.kill, or frozen meanwhile. */
int cgroup_signal(struct cgroup *group, int sig, struct keg_err *err) KEG_MUST_CHECK;

/* What the kernel counts; a figure is UINT64_MAX where it is not to be had or not limited. */
struct cgroup_stat {
	uint64_t memory_usage, memory_peak, memory_limit, memory_inactive_file;
	uint64_t oom_kills;
	uint64_t cpu_usage_ns, cpu_user_ns, cpu_system_ns;
	uint64_t pids_current, pids_limit;
	uint64_t io_read_bytes, io_write_bytes;
};
int cgroup_read_stat(const struct cgroup *group, struct cgroup_stat *out,
		     struct keg_err *err) KEG_MUST_CHECK;

/* Waiting for a group to run out of memory. */
struct cgroup_oom {
	int fd;	       /* readable: call cgroup_oom_take() */
	uint64_t seen; /* its own */
};
/* KEG_EUNSUPPORTED where memory is not controlled. The caller closes *out. */
int cgroup_oom_open(const struct cgroup *group, struct cgroup_oom *out,
		    struct keg_err *err) KEG_MUST_CHECK;
/* How often it has, since the last call. The group that it was opened for, which may be gone. */
uint64_t cgroup_oom_take(struct cgroup_oom *oom, const struct cgroup *group);
/* Also of one whose fd is -1. */
void cgroup_oom_close(struct cgroup_oom *oom);
KEG_AUTO(cgroup_oom, cgroup_oom_close)

#endif
