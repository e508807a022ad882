/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_internal.h - what the cgroup_*.c files share; nobody else includes it. */
#ifndef KEG_OS_CGROUP_INTERNAL_H
#define KEG_OS_CGROUP_INTERNAL_H

#include <limits.h>

#include "base/buf.h"
#include "os/cgroup.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_DEVICES,
	CGROUP_FREEZER,
	CGROUP_IO,
	CGROUP_PIDS,
	CGROUP_HUGETLB,
	CGROUP_NET_CLS,
	CGROUP_NET_PRIO,
	CGROUP_RDMA,
	CGROUP_CONTROLLERS, /* how many */
};

/* How long waiting for the kernel (freezing, dying processes) may take. */
enum { CGROUP_PATIENCE_MS = 2000 };
/* The kernel has fewer than 16 controllers; named hierarchies come on top. */
enum { CGROUP_HIERARCHIES_MAX = 32 };

struct cgroup_hierarchy {
	bool v2;
	unsigned controllers; /* bits: 1 << CGROUP_MEMORY */
	char *folder;	      /* its mount point below CGROUP_ROOT: "memory", "." */
	char *own;	      /* the group that our own process is in */
	char *path;	      /* the container's group, "/keg/x"; NULL: not in this hierarchy */
	unsigned made;	      /* how many trailing components of `path` are ours to undo */
	int entry;	      /* v1: `tasks`, v2: the folder; -1 before cgroup_prepare() */
};

struct cgroup {
	int root; /* CGROUP_ROOT */
	bool rootless;
	unsigned denied; /* controllers of hierarchies that a rootless request went without */
	char *place;
	size_t n;
	struct cgroup_hierarchy at[CGROUP_HIERARCHIES_MAX];
};

/* One without hierarchies. */
struct cgroup *cgroup_new(bool rootless);
/* The path that lines as in /proc/PID/cgroup give for the hierarchy, or NULL; caller frees. */
char *cgroup_path_in_lines(const struct cgroup_hierarchy *h, const char *lines);

/* --- cgroup_layout.c ------------------------------------------------------------------- */

/* The hierarchies of this process, with `folder` and `own`, and no path yet. */
int cgroup_layout_read(struct cgroup *group, struct keg_err *err) KEG_MUST_CHECK;
/* The same from the lines of /proc/PID/cgroup, which are written into. */
void cgroup_layout_parse(struct cgroup *group, char *lines, bool only_v2);
/* Is cgroup v2 all there is at CGROUP_ROOT? */
bool cgroup_host_is_unified(void);
/*
 * Is `path` a group of this hierarchy? Settles `folder`, as a v1 hierarchy may be mounted under
 * one name ("cpu,cpuacct") or another ("cpu").
 */
bool cgroup_layout_has(const struct cgroup *group, struct cgroup_hierarchy *h, const char *path);
const char *cgroup_controller_name(enum cgroup_controller controller, bool v2);
/* "cpu memory" as bits; names that we do not know are passed over. */
unsigned cgroup_controllers_parse(const char *names, const char *separators);

/*
 * The hierarchy of the container's group that has the controller. In a hybrid the v2 group gets
 * its controllers enabled here. Without one: KEG_EUNSUPPORTED or KEG_EDENIED.
 */
int cgroup_hierarchy_of(struct cgroup *group, enum cgroup_controller controller,
			const struct cgroup_hierarchy **out, struct keg_err *err) KEG_MUST_CHECK;
/* The same without the enabling, and NULL when there is none. */
const struct cgroup_hierarchy *cgroup_hierarchy_find(const struct cgroup *group,
						     enum cgroup_controller controller);
/* Has it one of the controllers "cpu,cpuacct", named as its own version of cgroups does? */
bool cgroup_hierarchy_has(const struct cgroup_hierarchy *h, const char *names);
/* The v2 hierarchy where the group is in it, or NULL. */
const struct cgroup_hierarchy *cgroup_hierarchy_v2(const struct cgroup *group);

/* --- cgroup_fs.c ----------------------------------------------------------------------- */

/* "memory/keg/x/FILE", relative to CGROUP_ROOT; a NULL file is the folder. -1: too long. */
int cgroup_file_name(char out[PATH_MAX], const struct cgroup_hierarchy *h, const char *path,
		     const char *file);
/* Opened below `path` of the hierarchy, close-on-exec; negative with errno set. */
int cgroup_file_open(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *path,
		     const char *file, int flags);
bool cgroup_file_exists(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *file);
/* All of a file of the group, appended. */
int cgroup_file_read(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *file,
		     struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;
/* The one number in it; "max" is UINT64_MAX. False: not there, or no number. */
bool cgroup_file_number(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *file, uint64_t *out);
/* The number after `key` on a line of "key value" text. */
bool cgroup_text_number(const char *text, const char *key, uint64_t *out);
/* Write at once. The error is: write "VALUE" to /sys/fs/cgroup/...: reason */
int cgroup_file_write(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const char *file, const char *value, struct keg_err *err) KEG_MUST_CHECK;

enum { CGROUP_VALUE_MAX = 96 };
struct cgroup_setting {
	const char *file;
	char value[CGROUP_VALUE_MAX];
};
/*
 * Write all of them. Some values are legal only after another has changed (a limit above the
 * old memory+swap limit): those that the kernel calls invalid are tried again after the others.
 */
int cgroup_files_settle(const struct cgroup *group, const struct cgroup_hierarchy *h,
			struct cgroup_setting *settings, size_t n,
			struct keg_err *err) KEG_MUST_CHECK;

/* Call `each` with the path of every group below `path` of the hierarchy, deepest first. */
typedef int cgroup_visit(const struct cgroup *group, const struct cgroup_hierarchy *h,
			 const char *path, void *data, struct keg_err *err);
int cgroup_walk(const struct cgroup *group, const struct cgroup_hierarchy *h, cgroup_visit *each,
		void *data, struct keg_err *err) KEG_MUST_CHECK;

/* Milliseconds of CLOCK_MONOTONIC, and a pause that doubles from call to call up to 64 ms. */
int64_t cgroup_clock_ms(void);
void cgroup_pause(unsigned *turn);
/*
 * Wait until the line "KEY VALUE" stands in the v2 group's cgroup.events; false: the deadline
 * passed first. A group that is gone has no processes and is not frozen.
 */
bool cgroup_event_wait(const struct cgroup *group, const struct cgroup_hierarchy *h,
		       const char *line, int64_t deadline);

/* --- limits ------------------------------------------------------------------------------ */

/* Each sets what it is named for in the hierarchy of that controller, v1 or v2. */
typedef int cgroup_limit(const struct cgroup *group, const struct cgroup_hierarchy *h,
			 const struct cgroup_resources *want, struct keg_err *err);
cgroup_limit cgroup_memory_apply, cgroup_cpu_apply, cgroup_cpuset_apply, cgroup_io_apply;

/* Device rules, whichever way; with a rootless request they are left out where forbidden. */
int cgroup_devices_apply(struct cgroup *group, const struct cgroup_device_rule *rules, size_t n,
			 struct keg_err *err) KEG_MUST_CHECK;

/* Asked for: there, and not the 0 that stands for "leave it" in the specification's numbers. */
#define CGROUP_ASKED(number) ((number) && *(number))

/* --- cgroup_cpu.c ---------------------------------------------------------------------- */

/* "max 100000" of cpu.max, which is written into; no quota is -1. */
bool cgroup_cpu_max_parse(char *text, int64_t *quota, uint64_t *period);

/* --- cgroup_memory.c ------------------------------------------------------------------- */

/*
 * memory.swap (memory and swap together) as v2's swap alone, -1 for no limit: 1 when there is
 * something to set, 0 when not. KEG_EUSAGE for what makes no sense.
 */
int cgroup_memory_swap_v2(const struct cgroup_resources *want, int64_t *out,
			  struct keg_err *err) KEG_MUST_CHECK;

/* --- cgroup_weight.c ------------------------------------------------------------------- */

/* v1's cpu.shares as v2's cpu.weight. */
uint64_t cgroup_weight_of_shares(uint64_t shares);
/* v1's blkio.weight as v2's io.weight, or as io.bfq.weight. */
uint64_t cgroup_weight_of_blkio(uint64_t weight, bool bfq);

#endif
