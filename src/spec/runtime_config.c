/* SPDX-License-Identifier: Apache-2.0 */
/* Tables only: one row a member, innermost structs first. */
#include "spec/runtime_config.h"

#include <string.h>

static const struct keg_json_field user_rows[] = {
	JSON_U32("uid", struct oci_user, uid, KEG_JSON_ALWAYS),
	JSON_U32("gid", struct oci_user, gid, KEG_JSON_ALWAYS),
	JSON_U32_PTR("umask", struct oci_user, umask, 0),
	JSON_U32V("additionalGids", struct oci_user, additional_gids, 0),
	JSON_STR("username", struct oci_user, username, 0),
	JSON_END,
};

static const struct keg_json_field box_rows[] = {
	JSON_U32("height", struct oci_box, height, KEG_JSON_ALWAYS),
	JSON_U32("width", struct oci_box, width, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field capabilities_rows[] = {
	JSON_STRV("bounding", struct oci_capabilities, bounding, 0),
	JSON_STRV("effective", struct oci_capabilities, effective, 0),
	JSON_STRV("inheritable", struct oci_capabilities, inheritable, 0),
	JSON_STRV("permitted", struct oci_capabilities, permitted, 0),
	JSON_STRV("ambient", struct oci_capabilities, ambient, 0),
	JSON_END,
};

static const struct keg_json_field rlimit_rows[] = {
	JSON_STR("type", struct oci_rlimit, type, KEG_JSON_REQUIRED),
	JSON_U64("hard", struct oci_rlimit, hard, KEG_JSON_ALWAYS),
	JSON_U64("soft", struct oci_rlimit, soft, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field scheduler_rows[] = {
	JSON_STR("policy", struct oci_scheduler, policy, 0),
	JSON_INT("nice", struct oci_scheduler, nice, 0),
	JSON_INT("priority", struct oci_scheduler, priority, 0),
	JSON_STRV("flags", struct oci_scheduler, flags, 0),
	JSON_U64_PTR("runtime", struct oci_scheduler, runtime, 0),
	JSON_U64_PTR("deadline", struct oci_scheduler, deadline, 0),
	JSON_U64("period", struct oci_scheduler, period, 0),
	JSON_END,
};

static const struct keg_json_field io_priority_rows[] = {
	JSON_STR("class", struct oci_io_priority, class, 0),
	JSON_INT("priority", struct oci_io_priority, priority, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field cpu_affinity_rows[] = {
	JSON_STR("initial", struct oci_cpu_affinity, initial, 0),
	JSON_STR("final", struct oci_cpu_affinity, final, 0),
	JSON_END,
};

static const struct keg_json_field process_rows[] = {
	JSON_BOOL("terminal", struct oci_process, terminal, 0),
	JSON_OBJ("consoleSize", struct oci_process, console_size, 0, oci_box, box_rows),
	JSON_OBJ("user", struct oci_process, user, 0, oci_user, user_rows),
	JSON_STRV("args", struct oci_process, args, 0),
	JSON_STR("commandLine", struct oci_process, command_line, 0),
	JSON_STRV("env", struct oci_process, env, 0),
	JSON_STR("cwd", struct oci_process, cwd, KEG_JSON_ALWAYS),
	JSON_OBJ("capabilities", struct oci_process, capabilities, 0, oci_capabilities,
		 capabilities_rows),
	JSON_OBJV("rlimits", struct oci_process, rlimits, 0, oci_rlimit, rlimit_rows),
	JSON_BOOL("noNewPrivileges", struct oci_process, no_new_privileges, 0),
	JSON_STR("apparmorProfile", struct oci_process, apparmor_profile, 0),
	JSON_INT_PTR("oomScoreAdj", struct oci_process, oom_score_adj, 0),
	JSON_OBJ("scheduler", struct oci_process, scheduler, 0, oci_scheduler, scheduler_rows),
	JSON_STR("selinuxLabel", struct oci_process, selinux_label, 0),
	JSON_OBJ("ioPriority", struct oci_process, io_priority, 0, oci_io_priority,
		 io_priority_rows),
	JSON_OBJ("execCPUAffinity", struct oci_process, exec_cpu_affinity, 0, oci_cpu_affinity,
		 cpu_affinity_rows),
	JSON_END,
};

static const struct keg_json_field root_rows[] = {
	JSON_STR("path", struct oci_root, path, KEG_JSON_ALWAYS),
	JSON_BOOL("readonly", struct oci_root, readonly, 0),
	JSON_END,
};

static const struct keg_json_field id_map_rows[] = {
	JSON_U32("containerID", struct oci_id_map, container_id, KEG_JSON_ALWAYS),
	JSON_U32("hostID", struct oci_id_map, host_id, KEG_JSON_ALWAYS),
	JSON_U32("size", struct oci_id_map, size, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field mount_rows[] = {
	JSON_STR("destination", struct oci_mount, destination, KEG_JSON_REQUIRED),
	JSON_STR("type", struct oci_mount, type, 0),
	JSON_STR("source", struct oci_mount, source, 0),
	JSON_STRV("options", struct oci_mount, options, 0),
	JSON_OBJV("uidMappings", struct oci_mount, uid_mappings, 0, oci_id_map, id_map_rows),
	JSON_OBJV("gidMappings", struct oci_mount, gid_mappings, 0, oci_id_map, id_map_rows),
	JSON_END,
};

const struct keg_json_field oci_hook_rows[] = {
	JSON_STR("path", struct oci_hook, path, KEG_JSON_REQUIRED),
	JSON_STRV("args", struct oci_hook, args, 0),
	JSON_STRV("env", struct oci_hook, env, 0),
	JSON_INT_PTR("timeout", struct oci_hook, timeout, 0),
	JSON_END,
};

static const struct keg_json_field hooks_rows[] = {
	JSON_OBJV("prestart", struct oci_hooks, prestart, 0, oci_hook, oci_hook_rows),
	JSON_OBJV("createRuntime", struct oci_hooks, create_runtime, 0, oci_hook, oci_hook_rows),
	JSON_OBJV("createContainer", struct oci_hooks, create_container, 0, oci_hook,
		  oci_hook_rows),
	JSON_OBJV("startContainer", struct oci_hooks, start_container, 0, oci_hook, oci_hook_rows),
	JSON_OBJV("poststart", struct oci_hooks, poststart, 0, oci_hook, oci_hook_rows),
	JSON_OBJV("poststop", struct oci_hooks, poststop, 0, oci_hook, oci_hook_rows),
	JSON_END,
};

const char *oci_hook_name(size_t n)
{
	/* The last row is the table's end, which has no name. */
	return n < KEG_COUNT(hooks_rows) ? hooks_rows[n].name : NULL;
}

static const struct keg_json_field namespace_rows[] = {
	JSON_STR("type", struct oci_namespace, type, KEG_JSON_REQUIRED),
	JSON_STR("path", struct oci_namespace, path, 0),
	JSON_END,
};

static const struct keg_json_field time_offset_rows[] = {
	JSON_I64("secs", struct oci_time_offset, secs, 0),
	JSON_U32("nanosecs", struct oci_time_offset, nanosecs, 0),
	JSON_END,
};

static const struct keg_json_field time_offsets_rows[] = {
	JSON_OBJ("monotonic", struct oci_time_offsets, monotonic, 0, oci_time_offset,
		 time_offset_rows),
	JSON_OBJ("boottime", struct oci_time_offsets, boottime, 0, oci_time_offset,
		 time_offset_rows),
	JSON_END,
};

static const struct keg_json_field device_rows[] = {
	JSON_STR("path", struct oci_device, path, KEG_JSON_REQUIRED),
	JSON_STR("type", struct oci_device, type, KEG_JSON_REQUIRED),
	JSON_I64("major", struct oci_device, major, KEG_JSON_ALWAYS),
	JSON_I64("minor", struct oci_device, minor, KEG_JSON_ALWAYS),
	JSON_U32_PTR("fileMode", struct oci_device, file_mode, 0),
	JSON_U32_PTR("uid", struct oci_device, uid, 0),
	JSON_U32_PTR("gid", struct oci_device, gid, 0),
	JSON_END,
};

static const struct keg_json_field device_rule_rows[] = {
	JSON_BOOL("allow", struct oci_device_rule, allow, KEG_JSON_ALWAYS),
	JSON_STR("type", struct oci_device_rule, type, 0),
	JSON_I64_PTR("major", struct oci_device_rule, major, 0),
	JSON_I64_PTR("minor", struct oci_device_rule, minor, 0),
	JSON_STR("access", struct oci_device_rule, access, 0),
	JSON_END,
};

static const struct keg_json_field memory_rows[] = {
	JSON_I64_PTR("limit", struct oci_memory, limit, 0),
	JSON_I64_PTR("reservation", struct oci_memory, reservation, 0),
	JSON_I64_PTR("swap", struct oci_memory, swap, 0),
	JSON_I64_PTR("kernel", struct oci_memory, kernel, 0),
	JSON_I64_PTR("kernelTCP", struct oci_memory, kernel_tcp, 0),
	JSON_U64_PTR("swappiness", struct oci_memory, swappiness, 0),
	JSON_BOOL_PTR("disableOOMKiller", struct oci_memory, disable_oom_killer, 0),
	JSON_BOOL_PTR("useHierarchy", struct oci_memory, use_hierarchy, 0),
	JSON_BOOL_PTR("checkBeforeUpdate", struct oci_memory, check_before_update, 0),
	JSON_END,
};

static const struct keg_json_field cpu_rows[] = {
	JSON_U64_PTR("shares", struct oci_cpu, shares, 0),
	JSON_I64_PTR("quota", struct oci_cpu, quota, 0),
	JSON_U64_PTR("burst", struct oci_cpu, burst, 0),
	JSON_U64_PTR("period", struct oci_cpu, period, 0),
	JSON_I64_PTR("realtimeRuntime", struct oci_cpu, realtime_runtime, 0),
	JSON_U64_PTR("realtimePeriod", struct oci_cpu, realtime_period, 0),
	JSON_STR("cpus", struct oci_cpu, cpus, 0),
	JSON_STR("mems", struct oci_cpu, mems, 0),
	JSON_I64_PTR("idle", struct oci_cpu, idle, 0),
	JSON_END,
};

static const struct keg_json_field pids_rows[] = {
	JSON_I64_PTR("limit", struct oci_pids, limit, 0),
	JSON_END,
};

static const struct keg_json_field weight_device_rows[] = {
	JSON_I64("major", struct oci_weight_device, major, KEG_JSON_ALWAYS),
	JSON_I64("minor", struct oci_weight_device, minor, KEG_JSON_ALWAYS),
	JSON_U32_PTR("weight", struct oci_weight_device, weight, 0),
	JSON_U32_PTR("leafWeight", struct oci_weight_device, leaf_weight, 0),
	JSON_END,
};

static const struct keg_json_field throttle_device_rows[] = {
	JSON_I64("major", struct oci_throttle_device, major, KEG_JSON_ALWAYS),
	JSON_I64("minor", struct oci_throttle_device, minor, KEG_JSON_ALWAYS),
	JSON_U64("rate", struct oci_throttle_device, rate, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field block_io_rows[] = {
	JSON_U32_PTR("weight", struct oci_block_io, weight, 0),
	JSON_U32_PTR("leafWeight", struct oci_block_io, leaf_weight, 0),
	JSON_OBJV("weightDevice", struct oci_block_io, weight_device, 0, oci_weight_device,
		  weight_device_rows),
	JSON_OBJV("throttleReadBpsDevice", struct oci_block_io, read_bps, 0, oci_throttle_device,
		  throttle_device_rows),
	JSON_OBJV("throttleWriteBpsDevice", struct oci_block_io, write_bps, 0, oci_throttle_device,
		  throttle_device_rows),
	JSON_OBJV("throttleReadIOPSDevice", struct oci_block_io, read_iops, 0, oci_throttle_device,
		  throttle_device_rows),
	JSON_OBJV("throttleWriteIOPSDevice", struct oci_block_io, write_iops, 0,
		  oci_throttle_device, throttle_device_rows),
	JSON_END,
};

static const struct keg_json_field hugepage_limit_rows[] = {
	JSON_STR("pageSize", struct oci_hugepage_limit, page_size, KEG_JSON_REQUIRED),
	JSON_U64("limit", struct oci_hugepage_limit, limit, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field interface_priority_rows[] = {
	JSON_STR("name", struct oci_interface_priority, name, KEG_JSON_REQUIRED),
	JSON_U32("priority", struct oci_interface_priority, priority, KEG_JSON_ALWAYS),
	JSON_END,
};

static const struct keg_json_field network_rows[] = {
	JSON_U32_PTR("classID", struct oci_network, class_id, 0),
	JSON_OBJV("priorities", struct oci_network, priorities, 0, oci_interface_priority,
		  interface_priority_rows),
	JSON_END,
};

static const struct keg_json_field resources_rows[] = {
	JSON_OBJV("devices", struct oci_resources, devices, 0, oci_device_rule, device_rule_rows),
	JSON_OBJ("memory", struct oci_resources, memory, 0, oci_memory, memory_rows),
	JSON_OBJ("cpu", struct oci_resources, cpu, 0, oci_cpu, cpu_rows),
	JSON_OBJ("pids", struct oci_resources, pids, 0, oci_pids, pids_rows),
	JSON_OBJ("blockIO", struct oci_resources, block_io, 0, oci_block_io, block_io_rows),
	JSON_OBJV("hugepageLimits", struct oci_resources, hugepage_limits, 0, oci_hugepage_limit,
		  hugepage_limit_rows),
	JSON_OBJ("network", struct oci_resources, network, 0, oci_network, network_rows),
	JSON_RAW("rdma", struct oci_resources, rdma, 0),
	JSON_MAP("unified", struct oci_resources, unified, 0),
	JSON_END,
};

static const struct keg_json_field syscall_arg_rows[] = {
	JSON_U32("index", struct oci_syscall_arg, index, KEG_JSON_ALWAYS),
	JSON_U64("value", struct oci_syscall_arg, value, KEG_JSON_ALWAYS),
	JSON_U64("valueTwo", struct oci_syscall_arg, value_two, 0),
	JSON_STR("op", struct oci_syscall_arg, op, KEG_JSON_REQUIRED),
	JSON_END,
};

static const struct keg_json_field syscall_rows[] = {
	JSON_STRV("names", struct oci_syscall, names, KEG_JSON_REQUIRED),
	JSON_STR("action", struct oci_syscall, action, KEG_JSON_REQUIRED),
	JSON_U32_PTR("errnoRet", struct oci_syscall, errno_ret, 0),
	JSON_OBJV("args", struct oci_syscall, args, 0, oci_syscall_arg, syscall_arg_rows),
	JSON_END,
};

static const struct keg_json_field seccomp_rows[] = {
	JSON_STR("defaultAction", struct oci_seccomp, default_action, KEG_JSON_REQUIRED),
	JSON_U32_PTR("defaultErrnoRet", struct oci_seccomp, default_errno_ret, 0),
	JSON_STRV("architectures", struct oci_seccomp, architectures, 0),
	JSON_STRV("flags", struct oci_seccomp, flags, 0),
	JSON_STR("listenerPath", struct oci_seccomp, listener_path, 0),
	JSON_STR("listenerMetadata", struct oci_seccomp, listener_metadata, 0),
	JSON_OBJV("syscalls", struct oci_seccomp, syscalls, 0, oci_syscall, syscall_rows),
	JSON_END,
};

static const struct keg_json_field personality_rows[] = {
	JSON_STR("domain", struct oci_personality, domain, KEG_JSON_REQUIRED),
	JSON_STRV("flags", struct oci_personality, flags, 0),
	JSON_END,
};

static const struct keg_json_field intel_rdt_rows[] = {
	JSON_STR("closID", struct oci_intel_rdt, clos_id, 0),
	JSON_STRV("schemata", struct oci_intel_rdt, schemata, 0),
	JSON_STR("l3CacheSchema", struct oci_intel_rdt, l3_cache_schema, 0),
	JSON_STR("memBwSchema", struct oci_intel_rdt, mem_bw_schema, 0),
	JSON_BOOL("enableCMT", struct oci_intel_rdt, enable_cmt, 0),
	JSON_BOOL("enableMBM", struct oci_intel_rdt, enable_mbm, 0),
	JSON_BOOL("enableMonitoring", struct oci_intel_rdt, enable_monitoring, 0),
	JSON_END,
};

static const struct keg_json_field memory_policy_rows[] = {
	JSON_STR("mode", struct oci_memory_policy, mode, 0),
	JSON_STR("nodes", struct oci_memory_policy, nodes, 0),
	JSON_STRV("flags", struct oci_memory_policy, flags, 0),
	JSON_END,
};

static const struct keg_json_field linux_rows[] = {
	JSON_OBJV("uidMappings", struct oci_linux, uid_mappings, 0, oci_id_map, id_map_rows),
	JSON_OBJV("gidMappings", struct oci_linux, gid_mappings, 0, oci_id_map, id_map_rows),
	JSON_MAP("sysctl", struct oci_linux, sysctl, 0),
	JSON_OBJ("resources", struct oci_linux, resources, 0, oci_resources, resources_rows),
	JSON_STR("cgroupsPath", struct oci_linux, cgroups_path, 0),
	JSON_OBJV("namespaces", struct oci_linux, namespaces, 0, oci_namespace, namespace_rows),
	JSON_OBJ("timeOffsets", struct oci_linux, time_offsets, 0, oci_time_offsets,
		 time_offsets_rows),
	JSON_OBJV("devices", struct oci_linux, devices, 0, oci_device, device_rows),
	JSON_RAW("netDevices", struct oci_linux, net_devices, 0),
	JSON_OBJ("seccomp", struct oci_linux, seccomp, 0, oci_seccomp, seccomp_rows),
	JSON_STR("rootfsPropagation", struct oci_linux, rootfs_propagation, 0),
	JSON_STRV("maskedPaths", struct oci_linux, masked_paths, 0),
	JSON_STRV("readonlyPaths", struct oci_linux, readonly_paths, 0),
	JSON_STR("mountLabel", struct oci_linux, mount_label, 0),
	JSON_OBJ("intelRdt", struct oci_linux, intel_rdt, 0, oci_intel_rdt, intel_rdt_rows),
	JSON_OBJ("personality", struct oci_linux, personality, 0, oci_personality,
		 personality_rows),
	JSON_OBJ("memoryPolicy", struct oci_linux, memory_policy, 0, oci_memory_policy,
		 memory_policy_rows),
	JSON_END,
};

static const struct keg_json_field config_rows[] = {
	JSON_STR("ociVersion", struct oci_config, oci_version, KEG_JSON_REQUIRED),
	JSON_OBJ("process", struct oci_config, process, 0, oci_process, process_rows),
	JSON_OBJ("root", struct oci_config, root, 0, oci_root, root_rows),
	JSON_STR("hostname", struct oci_config, hostname, 0),
	JSON_STR("domainname", struct oci_config, domainname, 0),
	JSON_OBJV("mounts", struct oci_config, mounts, 0, oci_mount, mount_rows),
	JSON_OBJ("hooks", struct oci_config, hooks, 0, oci_hooks, hooks_rows),
	JSON_MAP("annotations", struct oci_config, annotations, 0),
	JSON_OBJ("linux", struct oci_config, os, 0, oci_linux, linux_rows),
	JSON_END,
};

int oci_config_decode(struct json_object *document, struct oci_config *out, struct keg_arena *arena,
		      struct keg_err *err)
{
	*out = (struct oci_config){ 0 };
	return keg_json_decode(document, config_rows, out, arena, err);
}

int oci_config_parse(const char *text, size_t len, struct oci_config *out, struct keg_arena *arena,
		     struct keg_err *err)
{
	autojson document = NULL;
	int r = keg_json_parse(text, len, &document, err);

	return r < 0 ? r : oci_config_decode(document, out, arena, err);
}

int oci_config_read(int dirfd, const char *path, struct oci_config *out, struct keg_arena *arena,
		    struct keg_err *err)
{
	autojson document = NULL;
	int r = keg_json_read(dirfd, path, OCI_CONFIG_MAX, &document, err);

	if (r < 0)
		return r;
	if (oci_config_decode(document, out, arena, err) < 0)
		return keg_wrap(err, "%s", path);
	return 0;
}

int oci_process_parse(const char *text, size_t len, struct oci_process *out,
		      struct keg_arena *arena, struct keg_err *err)
{
	autojson document = NULL;
	int r = keg_json_parse(text, len, &document, err);

	*out = (struct oci_process){ 0 };
	return r < 0 ? r : keg_json_decode(document, process_rows, out, arena, err);
}

int oci_resources_parse(const char *text, size_t len, struct oci_resources *out,
			struct keg_arena *arena, struct keg_err *err)
{
	autojson document = NULL;
	int r = keg_json_parse(text, len, &document, err);

	*out = (struct oci_resources){ 0 };
	return r < 0 ? r : keg_json_decode(document, resources_rows, out, arena, err);
}

struct json_object *oci_config_encode(const struct oci_config *config)
{
	return keg_json_encode(config_rows, config);
}

const char *oci_annotation(const struct oci_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_annotations; i++) {
		if (strcmp(config->annotations[i].key, name) == 0)
			return config->annotations[i].value;
	}
	return NULL;
}
