/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_config.h - config.json of the OCI runtime specification 1.3, Linux part.
 *
 * One set of structs serves both ways: the engine fills and emits them, the runtime parses
 * them. The JSON name of a field is its name here in camel case. A pointer is NULL where
 * the document says nothing; a list comes with its count `n_<list>`.
 */
#ifndef KEG_SPEC_RUNTIME_CONFIG_H
#define KEG_SPEC_RUNTIME_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

#define OCI_RUNTIME_VERSION "1.3.0"

/* No config.json of a real container comes near; more is refused before it is parsed. */
enum { OCI_CONFIG_MAX = 16 << 20 };

struct oci_user {
	uint32_t uid, gid;
	const uint32_t *umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	const char *username;
};

struct oci_box {
	uint32_t height, width;
};

struct oci_capabilities {
	const char **bounding, **effective, **inheritable, **permitted, **ambient;
	size_t n_bounding, n_effective, n_inheritable, n_permitted, n_ambient;
};

struct oci_rlimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t hard, soft;
};

struct oci_io_priority {
	const char *class; /* "IOPRIO_CLASS_BE" */
	int priority;
};

struct oci_scheduler {
	const char *policy; /* "SCHED_BATCH" */
	int nice, priority;
	const char **flags; /* "SCHED_FLAG_RESET_ON_FORK" */
	size_t n_flags;
	const uint64_t *runtime, *deadline;
	uint64_t period;
};

struct oci_cpu_affinity {
	const char *initial, *final; /* "0-3,7" */
};

struct oci_process {
	bool terminal;
	struct oci_box *console_size;
	struct oci_user *user;
	const char **args, **env;
	size_t n_args, n_env;
	const char *command_line; /* Windows' args: refused */
	const char *cwd;
	struct oci_capabilities *capabilities;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	const char *apparmor_profile;
	const int *oom_score_adj;
	struct oci_scheduler *scheduler;
	const char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

struct oci_root {
	const char *path;
	bool readonly;
};

struct oci_id_map {
	uint32_t container_id, host_id, size;
};

struct oci_mount {
	const char *destination, *type, *source;
	const char **options;
	size_t n_options;
	struct oci_id_map *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
};

struct oci_hook {
	const char *path;
	const char **args, **env;
	size_t n_args, n_env;
	const int *timeout; /* seconds */
};

/* The rows of one hook, for documents other than config.json that hold one. */
extern const struct keg_json_field oci_hook_rows[];

struct oci_hooks {
	struct oci_hook *prestart, *create_runtime, *create_container, *start_container, *poststart,
		*poststop;
	size_t n_prestart, n_create_runtime, n_create_container, n_start_container, n_poststart,
		n_poststop;
};

/* The name of the n-th kind of hook, in the order in which they run, or NULL. */
const char *oci_hook_name(size_t n);

struct oci_namespace {
	const char *type; /* "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" */
	const char *path; /* to join, or NULL for a new one */
};

struct oci_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_time_offsets {
	struct oci_time_offset *monotonic, *boottime;
};

struct oci_device {
	const char *type; /* "c", "u", "b", "p" */
	const char *path;
	int64_t major, minor;
	const uint32_t *file_mode, *uid, *gid;
};

struct oci_device_rule {
	bool allow;
	const char *type; /* "a", "c", "b" or NULL, which is "a" */
	const int64_t *major, *minor;
	const char *access; /* of "rwm" */
};

struct oci_memory {
	const int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp;
	const uint64_t *swappiness;
	const bool *disable_oom_killer, *use_hierarchy, *check_before_update;
};

struct oci_cpu {
	const uint64_t *shares;
	const int64_t *quota;
	const uint64_t *burst, *period;
	const int64_t *realtime_runtime;
	const uint64_t *realtime_period;
	const char *cpus, *mems;
	const int64_t *idle;
};

struct oci_pids {
	const int64_t *limit;
};

struct oci_weight_device {
	int64_t major, minor;
	const uint32_t *weight, *leaf_weight;
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct oci_block_io {
	const uint32_t *weight, *leaf_weight;
	struct oci_weight_device *weight_device;
	struct oci_throttle_device *read_bps, *write_bps, *read_iops, *write_iops;
	size_t n_weight_device, n_read_bps, n_write_bps, n_read_iops, n_write_iops;
};

struct oci_hugepage_limit {
	const char *page_size;
	uint64_t limit;
};

struct oci_interface_priority {
	const char *name;
	uint32_t priority;
};

struct oci_network {
	const uint32_t *class_id;
	struct oci_interface_priority *priorities;
	size_t n_priorities;
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_network *network;
	struct json_object *rdma; /* {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 1000}} */
	struct keg_pair *unified; /* "memory.high" = "1000000" */
	size_t n_unified;
};

struct oci_syscall_arg {
	uint32_t index;
	uint64_t value, value_two;
	const char *op; /* "SCMP_CMP_EQ" */
};

struct oci_syscall {
	const char **names;
	size_t n_names;
	const char *action; /* "SCMP_ACT_ALLOW" */
	const uint32_t *errno_ret;
	struct oci_syscall_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	const char *default_action;
	const uint32_t *default_errno_ret;
	const char **architectures; /* "SCMP_ARCH_X86_64" */
	const char **flags;	    /* "SECCOMP_FILTER_FLAG_LOG" */
	size_t n_architectures, n_flags;
	const char *listener_path, *listener_metadata;
	struct oci_syscall *syscalls;
	size_t n_syscalls;
};

struct oci_personality {
	const char *domain; /* "LINUX", "LINUX32" */
	const char **flags;
	size_t n_flags;
};

struct oci_intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	const char **schemata;
	size_t n_schemata;
	bool enable_cmt, enable_mbm, enable_monitoring;
};

struct oci_memory_policy {
	const char *mode;  /* "MPOL_INTERLEAVE" */
	const char *nodes; /* "0-3,7" */
	const char **flags;
	size_t n_flags;
};

struct oci_linux {
	struct oci_id_map *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	struct keg_pair *sysctl;
	size_t n_sysctl;
	struct oci_resources *resources;
	const char *cgroups_path;
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_time_offsets *time_offsets;
	struct oci_device *devices;
	size_t n_devices;
	struct json_object *net_devices; /* {"eth0": {"name": "container_eth0"}} */
	struct oci_seccomp *seccomp;
	const char *rootfs_propagation;
	const char **masked_paths, **readonly_paths;
	size_t n_masked_paths, n_readonly_paths;
	const char *mount_label;
	struct oci_intel_rdt *intel_rdt;
	struct oci_personality *personality;
	struct oci_memory_policy *memory_policy;
};

struct oci_config {
	const char *oci_version;
	struct oci_process *process;
	struct oci_root *root;
	const char *hostname, *domainname;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_hooks *hooks;
	struct keg_pair *annotations;
	size_t n_annotations;
	struct oci_linux *os; /* "linux", which GNU compilers define as a macro */
};

/*
 * Fill *out from a document; all it points to lives in `arena`. Members that the
 * specification does not have are ignored. On failure *out is unspecified.
 */
int oci_config_decode(struct json_object *document, struct oci_config *out, struct keg_arena *arena,
		      struct keg_err *err) KEG_MUST_CHECK;
/* The same from text, and from a file of at most OCI_CONFIG_MAX bytes. */
int oci_config_parse(const char *text, size_t len, struct oci_config *out, struct keg_arena *arena,
		     struct keg_err *err) KEG_MUST_CHECK;
int oci_config_read(int dirfd, const char *path, struct oci_config *out, struct keg_arena *arena,
		    struct keg_err *err) KEG_MUST_CHECK;

/* The parts that stand alone: a process for exec, resources for update. */
int oci_process_parse(const char *text, size_t len, struct oci_process *out,
		      struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;
int oci_resources_parse(const char *text, size_t len, struct oci_resources *out,
			struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* A new document that the caller puts. */
struct json_object *oci_config_encode(const struct oci_config *config);

/* The value of an annotation, or NULL. */
const char *oci_annotation(const struct oci_config *config, const char *name);

#endif
