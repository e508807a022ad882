/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of `spec`: what a shell in a plain container needs, as runc has it. */
#include <string.h>
#include <unistd.h>

#include "runtime/runtime.h"

static const char *const args[] = { "sh" };
static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"
};
static const char *const caps[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };
static const char *const masked[] = {
	"/proc/acpi",	       "/proc/asound",	   "/proc/kcore",	"/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/sys/firmware",       "/proc/scsi",
};
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					"/proc/sysrq-trigger" };
static const char *const namespaces[] = { "pid", "network", "ipc", "uts", "mount", "cgroup" };

struct mount_row {
	const char *destination, *type, *source;
	const char *options[8];
	const char *rootless_options[8]; /* where they differ */
};

static const struct mount_row mounts[] = {
	{ "/proc", "proc", "proc", { NULL }, { NULL } },
	{ "/dev",
	  "tmpfs",
	  "tmpfs",
	  { "nosuid", "strictatime", "mode=755", "size=65536k" },
	  { NULL } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" },
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ "/dev/shm",
	  "tmpfs",
	  "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" },
	  { NULL } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, { NULL } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" }, { NULL } },
	{ "/sys/fs/cgroup",
	  "cgroup",
	  "cgroup",
	  { "nosuid", "noexec", "nodev", "relatime", "ro" },
	  { NULL } },
};

static const char **list_of(const char *const *from, size_t n, struct keg_arena *arena)
{
	const char **list = keg_arena_alloc(arena, n + 1, sizeof *list);

	for (size_t i = 0; i < n; i++)
		list[i] = from[i];
	return list;
}

static size_t length(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static struct oci_process *default_process(struct keg_arena *arena)
{
	struct oci_process *process = keg_arena_alloc(arena, 1, sizeof *process);
	struct oci_capabilities *c = keg_arena_alloc(arena, 1, sizeof *c);
	struct oci_rlimit *limit = keg_arena_alloc(arena, 1, sizeof *limit);
	const char **names = list_of(caps, KEG_COUNT(caps), arena);

	*c = (struct oci_capabilities){
		.bounding = names,
		.effective = names,
		.permitted = names,
		.n_bounding = KEG_COUNT(caps),
		.n_effective = KEG_COUNT(caps),
		.n_permitted = KEG_COUNT(caps),
	};
	*limit = (struct oci_rlimit){ .type = "RLIMIT_NOFILE", .hard = 1024, .soft = 1024 };
	*process = (struct oci_process){
		.terminal = true,
		.user = keg_arena_alloc(arena, 1, sizeof(struct oci_user)),
		.args = list_of(args, KEG_COUNT(args), arena),
		.n_args = KEG_COUNT(args),
		.env = list_of(env, KEG_COUNT(env), arena),
		.n_env = KEG_COUNT(env),
		.cwd = "/",
		.capabilities = c,
		.rlimits = limit,
		.n_rlimits = 1,
		.no_new_privileges = true,
	};
	return process;
}

/* Without privileges /sys cannot be mounted, as the network namespace is the host's. */
static void fill_mounts(struct oci_config *out, bool rootless, struct keg_arena *arena)
{
	static const char *const bound[] = { "rbind", "nosuid", "noexec", "nodev", "ro" };
	struct oci_mount *list = keg_arena_alloc(arena, KEG_COUNT(mounts), sizeof *list);

	for (size_t i = 0; i < KEG_COUNT(mounts); i++) {
		const struct mount_row *row = &mounts[i];
		bool differs = rootless && row->rootless_options[0];
		const char *const *options = differs ? row->rootless_options : row->options;
		bool is_sys = rootless && strcmp(row->destination, "/sys") == 0;

		list[i] = (struct oci_mount){
			.destination = row->destination,
			.type = is_sys ? "none" : row->type,
			.source = is_sys ? "/sys" : row->source,
			.options = is_sys ? list_of(bound, KEG_COUNT(bound), arena)
					  : list_of(options, length(options), arena),
			.n_options = is_sys ? KEG_COUNT(bound) : length(options),
		};
	}
	out->mounts = list;
	out->n_mounts = KEG_COUNT(mounts);
}

static struct oci_id_map *one_id(uint32_t host, struct keg_arena *arena)
{
	struct oci_id_map *map = keg_arena_alloc(arena, 1, sizeof *map);

	*map = (struct oci_id_map){ .container_id = 0, .host_id = host, .size = 1 };
	return map;
}

static struct oci_linux *default_linux(bool rootless, struct keg_arena *arena)
{
	struct oci_linux *os = keg_arena_alloc(arena, 1, sizeof *os);
	bool unified = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	size_t n = 0;

	os->namespaces = keg_arena_alloc(arena, KEG_COUNT(namespaces) + 1, sizeof *os->namespaces);
	for (size_t i = 0; i < KEG_COUNT(namespaces); i++) {
		if (rootless && strcmp(namespaces[i], "network") == 0)
			continue;
		/* As runc has it: only with v2 alone. */
		if (!unified && strcmp(namespaces[i], "cgroup") == 0)
			continue;
		os->namespaces[n++].type = namespaces[i];
	}
	if (rootless) {
		os->namespaces[n++].type = "user";
		os->uid_mappings = one_id(geteuid(), arena);
		os->gid_mappings = one_id(getegid(), arena);
		os->n_uid_mappings = os->n_gid_mappings = 1;
	} else {
		os->resources = keg_arena_alloc(arena, 1, sizeof *os->resources);
		os->resources->devices = keg_arena_alloc(arena, 1, sizeof *os->resources->devices);
		os->resources->devices->access = "rwm";
		os->resources->n_devices = 1;
	}
	os->n_namespaces = n;
	os->masked_paths = list_of(masked, KEG_COUNT(masked), arena);
	os->n_masked_paths = KEG_COUNT(masked);
	os->readonly_paths = list_of(readonly, KEG_COUNT(readonly), arena);
	os->n_readonly_paths = KEG_COUNT(readonly);
	return os;
}

void runtime_config_default(struct oci_config *out, bool rootless, struct keg_arena *arena)
{
	struct oci_root *root = keg_arena_alloc(arena, 1, sizeof *root);

	*root = (struct oci_root){ .path = "rootfs", .readonly = true };
	*out = (struct oci_config){
		.oci_version = OCI_RUNTIME_VERSION,
		.process = default_process(arena),
		.root = root,
		.hostname = "keg",
		.os = default_linux(rootless, arena),
	};
	fill_mounts(out, rootless, arena);
}
