/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/info.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "engine/userns.h"
#include "spec/platform.h"

enum { SMALL_FILE = 64 * 1024 };

static void put(struct json_object *obj, const char *name, struct json_object *value)
{
	json_object_object_add(obj, name, value);
}

static void put_number(struct json_object *obj, const char *name, uint64_t number)
{
	put(obj, name, json_object_new_uint64(number));
}

static void put_truth(struct json_object *obj, const char *name, bool truth)
{
	put(obj, name, json_object_new_boolean(truth));
}

/* A small file's text; "" when it cannot be read. */
static void read_text(const char *path, struct keg_buf *out)
{
	struct keg_err ignored;

	if (keg_file_read(AT_FDCWD, path, SMALL_FILE, out, &ignored) < 0)
		keg_buf_cut(out, 0);
}

/* The number after "NAME:" in /proc/meminfo, in bytes. */
static uint64_t meminfo(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

static void put_memory(struct json_object *host)
{
	auto(keg_buf) text = { 0 };

	read_text("/proc/meminfo", &text);
	put_number(host, "memFree", meminfo(keg_buf_text(&text), "MemFree:"));
	put_number(host, "memTotal", meminfo(keg_buf_text(&text), "MemTotal:"));
	put_number(host, "swapFree", meminfo(keg_buf_text(&text), "SwapFree:"));
	put_number(host, "swapTotal", meminfo(keg_buf_text(&text), "SwapTotal:"));
}

/* The value of NAME= in os-release(5), without its quotes; the caller frees. */
static char *os_release(const char *text, const char *name)
{
	for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
		const char *value = keg_str_after(at, name);

		if (!value || *value++ != '=')
			continue;
		size_t len = strcspn(value, "\n");
		if (len >= 2 && (*value == '"' || *value == '\'')) {
			value++;
			len -= 2;
		}
		return keg_strndup(value, len);
	}
	return NULL;
}

static struct json_object *distribution(void)
{
	struct json_object *obj = json_object_new_object();
	auto(keg_buf) text = { 0 };

	read_text("/etc/os-release", &text);
	if (text.len == 0)
		read_text("/usr/lib/os-release", &text);
	autofree char *id = os_release(keg_buf_text(&text), "ID");
	autofree char *version = os_release(keg_buf_text(&text), "VERSION_ID");
	autofree char *codename = os_release(keg_buf_text(&text), "VERSION_CODENAME");
	keg_json_put_str(obj, "codename", codename);
	keg_json_put_str(obj, "distribution", id ? id : "unknown");
	keg_json_put_str(obj, "version", version ? version : "unknown");
	return obj;
}

static struct json_object *words(const char *text, const char *separators)
{
	struct json_object *list = json_object_new_array();

	while (*(text += strspn(text, separators))) {
		size_t len = strcspn(text, separators);

		json_object_array_add(list, json_object_new_string_len(text, (int)len));
		text += len;
	}
	return list;
}

static void put_cgroups(struct json_object *host, const struct engine *engine)
{
	auto(keg_buf) text = { 0 };
	struct statfs fs;
	bool is_v2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;

	if (is_v2) {
		read_text("/sys/fs/cgroup/cgroup.controllers", &text);
		put(host, "cgroupControllers", words(keg_buf_text(&text), " \n"));
	} else {
		struct json_object *list = json_object_new_array();

		/* "memory 4 90 1": name, hierarchy (0: none), groups, enabled */
		read_text("/proc/cgroups", &text);
		for (char *line = text.data, *next; line && *line; line = next) {
			char name[64];
			int hierarchy;

			next = strchrnul(line, '\n');
			next += *next == '\n';
			if (sscanf(line, "%63[a-z_]\t%d", name, &hierarchy) == 2 && hierarchy > 0)
				json_object_array_add(list, json_object_new_string(name));
		}
		put(host, "cgroupControllers", list);
	}
	keg_json_put_str(host, "cgroupManager", engine->config.cgroup_manager);
	keg_json_put_str(host, "cgroupVersion", is_v2 ? "v2" : "v1");
}

static struct json_object *id_map(const char *path)
{
	struct json_object *list = json_object_new_array();
	auto(keg_arena) arena = { 0 };
	struct userns_map map = { 0 };
	struct keg_err ignored;

	if (userns_read_map(path, &map, &arena, &ignored) < 0)
		map.n = 0;
	for (size_t i = 0; i < map.n; i++) {
		struct json_object *row = json_object_new_object();

		put_number(row, "container_id", map.rows[i].inside);
		put_number(row, "host_id", map.rows[i].outside);
		put_number(row, "size", map.rows[i].count);
		json_object_array_add(list, row);
	}
	return list;
}

static struct json_object *id_mappings(const struct engine *engine)
{
	struct json_object *obj = json_object_new_object();

	put(obj, "gidmap", engine->rootless ? id_map("/proc/self/gid_map") : NULL);
	put(obj, "uidmap", engine->rootless ? id_map("/proc/self/uid_map") : NULL);
	return obj;
}

static struct json_object *security(const struct engine *engine)
{
	struct json_object *obj = json_object_new_object();
	auto(keg_buf) caps = { 0 };
	auto(keg_buf) apparmor = { 0 };

	for (size_t i = 0; i < engine->config.n_default_capabilities; i++) {
		const char *cap = engine->config.default_capabilities[i];

		keg_buf_printf(&caps, "%s%s%s", i ? "," : "",
			       keg_str_starts(cap, "CAP_") ? "" : "CAP_", cap);
	}
	read_text("/sys/module/apparmor/parameters/enabled", &apparmor);
	put_truth(obj, "apparmorEnabled", keg_buf_text(&apparmor)[0] == 'Y');
	keg_json_put_str(obj, "capabilities", keg_buf_text(&caps));
	put_truth(obj, "rootless", engine->rootless);
	put_truth(obj, "seccompEnabled", true);
	keg_json_put_str(obj, "seccompProfilePath",
			 engine->config.seccomp_profile ? engine->config.seccomp_profile : "");
	put_truth(obj, "selinuxEnabled", access("/sys/fs/selinux/enforce", F_OK) == 0);
	return obj;
}

/* A foreign program by its path, or our own, which is part of this version. */
static struct json_object *program(const char *path, const char *own, const char *version)
{
	struct json_object *obj = json_object_new_object();
	autofree char *text = keg_printf("%s version %s", own, version);

	keg_json_put_str(obj, "name", path ? keg_path_base(path) : own);
	keg_json_put_str(obj, "path", path ? path : "");
	keg_json_put_str(obj, "version", path ? "" : text);
	return obj;
}

static struct json_object *host(const struct engine *engine, const char *version)
{
	struct json_object *obj = json_object_new_object();
	struct platform platform;
	struct utsname uts = { 0 };
	auto(keg_buf) up = { 0 };

	platform_host(&platform);
	uname(&uts);
	read_text("/proc/uptime", &up);
	keg_json_put_str(obj, "arch", platform.architecture);
	put_cgroups(obj, engine);
	put(obj, "conmon", program(engine->conmon, "kegmon", version));
	put_number(obj, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	put(obj, "distribution", distribution());
	keg_json_put_str(obj, "eventLogger", engine->config.events_logger);
	keg_json_put_str(obj, "hostname", uts.nodename);
	put(obj, "idMappings", id_mappings(engine));
	keg_json_put_str(obj, "kernel", uts.release);
	keg_json_put_str(obj, "linkmode", "dynamic");
	keg_json_put_str(obj, "logDriver", engine->config.log_driver);
	put_memory(obj);
	put(obj, "ociRuntime", program(engine->runtime, "kegrun", version));
	keg_json_put_str(obj, "os", "linux");
	put(obj, "security", security(engine));
	put_truth(obj, "serviceIsRemote", false);
	unsigned long seconds = strtoul(keg_buf_text(&up), NULL, 10);
	autofree char *uptime =
		keg_printf("%luh %lum %lu.00s", seconds / 3600, seconds / 60 % 60, seconds % 60);
	keg_json_put_str(obj, "uptime", uptime);
	return obj;
}

static const char *file_system(long type)
{
	static const struct {
		unsigned long type;
		const char *name;
	} known[] = {
		{ EXT4_SUPER_MAGIC, "extfs" },	{ XFS_SUPER_MAGIC, "xfs" },
		{ BTRFS_SUPER_MAGIC, "btrfs" }, { TMPFS_MAGIC, "tmpfs" },
		{ NFS_SUPER_MAGIC, "nfs" },	{ OVERLAYFS_SUPER_MAGIC, "overlayfs" },
		{ F2FS_SUPER_MAGIC, "f2fs" },	{ FUSE_SUPER_MAGIC, "fuse" },
	};

	for (size_t i = 0; i < KEG_COUNT(known); i++) {
		if (known[i].type == (unsigned long)type)
			return known[i].name;
	}
	return "<unknown>";
}

static struct json_object *container_counts(const struct info_counts *counts)
{
	struct json_object *obj = json_object_new_object();

	put_number(obj, "number", counts->containers);
	put_number(obj, "paused", counts->paused);
	put_number(obj, "running", counts->running);
	put_number(obj, "stopped", counts->stopped);
	return obj;
}

static struct json_object *graph_options(const struct engine *engine)
{
	struct json_object *obj = json_object_new_object();

	for (size_t i = 0; i < engine->storage.driver_options.n; i++) {
		const char *text = engine->storage.driver_options.v[i];
		const char *equals = strchrnul(text, '=');
		autofree char *name = keg_strndup(text, (size_t)(equals - text));

		keg_json_put_str(obj, name, *equals ? equals + 1 : "");
	}
	return obj;
}

static struct json_object *store_info(const struct engine *engine, const struct info_counts *counts)
{
	struct json_object *obj = json_object_new_object(), *status = json_object_new_object();
	struct json_object *images = json_object_new_object();
	const char *tmpdir = getenv("TMPDIR");
	struct statvfs space;
	struct statfs fs;

	keg_json_put_str(obj, "configFile", engine->storage.file ? engine->storage.file : "");
	put(obj, "containerStore", container_counts(counts));
	keg_json_put_str(obj, "graphDriverName", engine->storage.driver);
	put(obj, "graphOptions", graph_options(engine));
	keg_json_put_str(obj, "graphRoot", engine->storage.graphroot);
	if (statvfs(engine->storage.graphroot, &space) == 0) {
		put_number(obj, "graphRootAllocated", (uint64_t)space.f_blocks * space.f_frsize);
		put_number(obj, "graphRootUsed",
			   (uint64_t)(space.f_blocks - space.f_bfree) * space.f_frsize);
	}
	if (statfs(engine->storage.graphroot, &fs) == 0)
		keg_json_put_str(status, "Backing Filesystem", file_system(fs.f_type));
	keg_json_put_str(status, "Supports d_type", "true");
	put(obj, "graphStatus", status);
	keg_json_put_str(obj, "imageCopyTmpDir", tmpdir ? tmpdir : "/var/tmp");
	put_number(images, "number", counts->images);
	put(obj, "imageStore", images);
	keg_json_put_str(obj, "runRoot", engine->storage.runroot);
	keg_json_put_str(obj, "volumePath", engine->volumes);
	return obj;
}

static struct json_object *plugins(void)
{
	struct json_object *obj = json_object_new_object();

	put(obj, "authorization", NULL);
	put(obj, "log", words("k8s-file none passthrough", " "));
	put(obj, "network", words("none host", " "));
	put(obj, "volume", words("local", " "));
	return obj;
}

static struct json_object *version_info(const char *version)
{
	struct json_object *obj = json_object_new_object();
	struct platform platform;

	platform_host(&platform);
	autofree char *text = platform_format(&platform);
	keg_json_put_str(obj, "APIVersion", version);
	keg_json_put_str(obj, "Os", "linux");
	keg_json_put_str(obj, "OsArch", text);
	keg_json_put_str(obj, "Version", version);
	return obj;
}

struct json_object *info_collect(const struct engine *engine, const struct info_counts *counts,
				 const char *version)
{
	struct json_object *obj = json_object_new_object();

	put(obj, "host", host(engine, version));
	put(obj, "plugins", plugins());
	put(obj, "registries", json_object_new_object());
	put(obj, "store", store_info(engine, counts));
	put(obj, "version", version_info(version));
	return obj;
}
