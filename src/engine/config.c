/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/toml.h"

enum { MAX_FILE = 4 << 20 };

#define STR(name) JSON_STR(#name, struct engine_config, name, 0)
#define LIST(name) JSON_STRV(#name, struct engine_config, name, 0)
#define BOOL(name) JSON_BOOL(#name, struct engine_config, name, 0)
#define NUM(name) JSON_I64(#name, struct engine_config, name, 0)

static const struct keg_json_field containers_rows[] = {
	LIST(annotations),
	STR(apparmor_profile),
	STR(cgroupns),
	STR(cgroups),
	LIST(default_capabilities),
	LIST(default_sysctls),
	LIST(default_ulimits),
	LIST(devices),
	LIST(dns_options),
	LIST(dns_searches),
	LIST(dns_servers),
	LIST(env),
	BOOL(env_host),
	BOOL(http_proxy),
	BOOL(init),
	STR(init_path),
	STR(ipcns),
	BOOL(label),
	STR(log_driver),
	NUM(log_size_max),
	STR(log_tag),
	STR(netns),
	BOOL(no_hosts),
	NUM(pids_limit),
	STR(pidns),
	BOOL(read_only),
	STR(seccomp_profile),
	STR(shm_size),
	STR(tz),
	STR(umask),
	STR(userns),
	STR(utsns),
	LIST(volumes),
	JSON_END,
};

static const struct keg_json_field engine_rows[] = {
	STR(cgroup_manager),
	STR(compression_format),
	LIST(conmon_env_vars),
	LIST(conmon_path),
	STR(detach_keys),
	STR(events_logger),
	LIST(hooks_dir),
	STR(image_default_transport),
	STR(pull_policy),
	STR(runtime),
	NUM(stop_timeout),
	STR(volume_path),
	JSON_END,
};

static const struct keg_json_field runtime_rows[] = {
	JSON_STRV("paths", struct config_runtime, paths, KEG_JSON_REQUIRED),
	JSON_END,
};

static const char *default_caps[] = { "CHOWN",	 "DAC_OVERRIDE",     "FOWNER",	   "FSETID",
				      "KILL",	 "NET_BIND_SERVICE", "SETFCAP",	   "SETGID",
				      "SETPCAP", "SETUID",	     "SYS_CHROOT", NULL };
static const char *default_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL
};
static const char *default_sysctls[] = { "net.ipv4.ping_group_range=0 0", NULL };
static const char *default_hooks[] = { "/usr/share/containers/oci/hooks.d", NULL };
static const char *no_strings[] = { NULL };

static const char *const runtime_dirs[] = { "/usr/bin",	       "/usr/sbin", "/usr/local/bin",
					    "/usr/local/sbin", "/sbin",	    "/bin" };

#define SET_LIST(field, list) (config->field = (list), config->n_##field = KEG_COUNT(list) - 1)

static void set_defaults(struct engine_config *config)
{
	*config = (struct engine_config){
		.apparmor_profile = "containers-default-keg",
		.cgroups = "enabled",
		.init_path = "/usr/libexec/podman/catatonit",
		.ipcns = "shareable",
		.log_driver = "k8s-file",
		.log_size_max = -1,
		.netns = "private",
		.pidns = "private",
		.pids_limit = 2048,
		.shm_size = "65536k",
		.umask = "0022",
		.utsns = "private",
		.http_proxy = true,
		.label = true,
		.cgroup_manager = "cgroupfs",
		.detach_keys = "ctrl-p,ctrl-q",
		.events_logger = "none",
		.image_default_transport = "docker://",
		.pull_policy = "missing",
		.stop_timeout = 10,
	};
	SET_LIST(annotations, no_strings);
	SET_LIST(default_capabilities, default_caps);
	SET_LIST(default_sysctls, default_sysctls);
	SET_LIST(default_ulimits, no_strings);
	SET_LIST(devices, no_strings);
	SET_LIST(dns_options, no_strings);
	SET_LIST(dns_searches, no_strings);
	SET_LIST(dns_servers, no_strings);
	SET_LIST(env, default_env);
	SET_LIST(volumes, no_strings);
	SET_LIST(conmon_path, no_strings);
	SET_LIST(conmon_env_vars, no_strings);
	SET_LIST(hooks_dir, default_hooks);
}

static struct config_runtime *find_runtime(const struct engine_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_runtimes; i++) {
		if (strcmp(config->runtimes[i].name, name) == 0)
			return &config->runtimes[i];
	}
	return NULL;
}

/* A later file replaces a runtime of the same name and keeps the others. */
static int add_runtimes(struct engine_config *config, struct json_object *table,
			struct keg_arena *arena, struct keg_err *err)
{
	if (!table)
		return 0;
	if (!json_object_is_type(table, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "engine.runtimes: not a table");

	size_t room = config->n_runtimes + (size_t)json_object_object_length(table);
	struct config_runtime *all = keg_arena_alloc(arena, room + 1, sizeof *all);
	if (config->n_runtimes)
		memcpy(all, config->runtimes, config->n_runtimes * sizeof *all);
	config->runtimes = all;
	json_object_object_foreach(table, name, paths)
	{
		struct config_runtime one = { .name = keg_arena_strdup(arena, name) };
		autojson wrapper = json_object_new_object();

		json_object_object_add(wrapper, "paths", json_object_get(paths));
		if (keg_json_decode(wrapper, runtime_rows, &one, arena, err) < 0)
			return keg_wrap(err, "engine.runtimes.%s", name);
		struct config_runtime *at = find_runtime(config, name);
		if (!at)
			at = &all[config->n_runtimes++];
		*at = one;
	}
	return 0;
}

static int decode_tables(struct engine_config *config, struct json_object *tree,
			 struct keg_arena *arena, struct keg_err *err)
{
	struct json_object *containers = keg_json_get(tree, "containers");
	struct json_object *engine = keg_json_get(tree, "engine");

	if (containers && keg_json_decode(containers, containers_rows, config, arena, err) < 0)
		return keg_wrap(err, "containers");
	if (engine && keg_json_decode(engine, engine_rows, config, arena, err) < 0)
		return keg_wrap(err, "engine");
	return add_runtimes(config, keg_json_get(engine, "runtimes"), arena, err);
}

static int read_file(struct engine_config *config, const char *path, struct keg_arena *arena,
		     struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson tree = NULL;
	int r = keg_file_read(AT_FDCWD, path, MAX_FILE, &text, err);

	if (r < 0)
		return r;
	r = keg_toml_parse(keg_buf_text(&text), text.len, &tree, err);
	if (r >= 0)
		r = decode_tables(config, tree, arena, err);
	if (r < 0)
		return keg_wrap(err, "read %s", path);
	keg_debug("using configuration file %s", path);
	return 0;
}

static int read_optional(struct engine_config *config, const char *path, struct keg_arena *arena,
			 struct keg_err *err)
{
	int r = read_file(config, path, arena, err);

	return r == -KEG_ENOTFOUND ? 0 : r;
}

/* DIR/containers.conf, then DIR/containers.conf.d/(name).conf by name. */
static int read_folder(struct engine_config *config, const char *dir, struct keg_arena *arena,
		       struct keg_err *err)
{
	autofree char *main_file = keg_path_join(dir, "containers.conf");
	autofree char *drop_in = keg_path_join(dir, "containers.conf.d");
	auto(keg_strv) names = { 0 };
	int r = read_optional(config, main_file, arena, err);

	autodir stream = r < 0 ? NULL : opendir(drop_in);
	for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
		if (keg_str_ends(entry->d_name, ".conf"))
			keg_strv_add(&names, entry->d_name);
	}
	keg_strv_sort(&names);
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		autofree char *path = keg_path_join(drop_in, names.v[i]);

		r = read_optional(config, path, arena, err);
	}
	return r;
}

static int read_user_folder(struct engine_config *config, struct keg_arena *arena,
			    struct keg_err *err)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	autofree char *dir = NULL;

	if (!keg_str_empty(base))
		dir = keg_path_join(base, "containers");
	else if (!keg_str_empty(home))
		dir = keg_path_join(home, ".config/containers");
	return dir ? read_folder(config, dir, arena, err) : 0;
}

static int read_all(struct engine_config *config, struct keg_arena *arena, struct keg_err *err)
{
	const char *only = getenv("CONTAINERS_CONF");

	if (!keg_str_empty(only))
		return read_file(config, only, arena, err);
	int r = read_optional(config, "/usr/share/containers/containers.conf", arena, err);
	if (r >= 0)
		r = read_folder(config, "/etc/containers", arena, err);
	if (r >= 0 && config->rootless)
		r = read_user_folder(config, arena, err);
	return r;
}

int config_load(struct engine_config *config, bool rootless, struct keg_arena *arena,
		struct keg_err *err)
{
	const char *last = getenv("CONTAINERS_CONF_OVERRIDE");

	set_defaults(config);
	config->rootless = rootless;
	int r = read_all(config, arena, err);
	if (r >= 0 && !keg_str_empty(last))
		r = read_file(config, last, arena, err);
	return r < 0 ? r : 0;
}

int config_find_runtime(const struct engine_config *config, const char *name, char **out,
			struct keg_err *err)
{
	const struct config_runtime *known = find_runtime(config, name);

	if (strchr(name, '/')) {
		if (access(name, X_OK) < 0)
			return keg_fail_sys(err, errno, "runtime %s", name);
		*out = keg_strdup(name);
		return 0;
	}
	for (size_t i = 0; known && i < known->n_paths; i++) {
		if (access(known->paths[i], X_OK) == 0) {
			*out = keg_strdup(known->paths[i]);
			return 0;
		}
	}
	for (size_t i = 0; i < KEG_COUNT(runtime_dirs); i++) {
		autofree char *path = keg_path_join(runtime_dirs[i], name);

		if (access(path, X_OK) == 0) {
			*out = take_ptr(&path);
			return 0;
		}
	}
	keg_fail(err, KEG_ENOTFOUND, "no OCI runtime \"%s\"", name);
	return keg_hint(err,
			"Install it, or name its path in [engine.runtimes] of containers.conf.");
}
