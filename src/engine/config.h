/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - containers.conf: the settings of the machine, the administrator and the user.
 *
 * Read in this order, the later winning key by key: /usr/share/containers/containers.conf,
 * /etc/containers/containers.conf, /etc/containers/containers.conf.d/(name).conf, then (as
 * an ordinary user) the same two below $XDG_CONFIG_HOME or ~/.config. $CONTAINERS_CONF names
 * the one file to read instead of all those; $CONTAINERS_CONF_OVERRIDE one more, read last.
 * Keys that nothing here uses are skipped, as the peers skip what is newer than they are.
 */
#ifndef KEG_ENGINE_CONFIG_H
#define KEG_ENGINE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* [engine.runtimes] name = [paths]: the first path that exists is the one to run. */
struct config_runtime {
	const char *name;
	const char **paths;
	size_t n_paths;
};

/* Lists are NULL-terminated; a string is NULL where it has no default. */
struct engine_config {
	/* [containers] */
	const char **annotations;
	size_t n_annotations;
	const char **default_capabilities;
	size_t n_default_capabilities;
	const char **default_sysctls;
	size_t n_default_sysctls;
	const char **default_ulimits;
	size_t n_default_ulimits;
	const char **devices;
	size_t n_devices;
	const char **dns_options;
	size_t n_dns_options;
	const char **dns_searches;
	size_t n_dns_searches;
	const char **dns_servers;
	size_t n_dns_servers;
	const char **env;
	size_t n_env;
	const char **volumes;
	size_t n_volumes;
	const char *apparmor_profile;
	const char *cgroupns;
	const char *cgroups;
	const char *init_path;
	const char *ipcns;
	const char *log_driver;
	const char *log_tag;
	const char *netns;
	const char *pidns;
	const char *seccomp_profile;
	const char *shm_size;
	const char *tz;
	const char *umask;
	const char *userns;
	const char *utsns;
	int64_t log_size_max;
	int64_t pids_limit;
	bool env_host;
	bool http_proxy;
	bool init;
	bool label;
	bool no_hosts;
	bool read_only;

	/* [engine] */
	const char **conmon_path;
	size_t n_conmon_path;
	const char **conmon_env_vars;
	size_t n_conmon_env_vars;
	const char **hooks_dir;
	size_t n_hooks_dir;
	const char *cgroup_manager;
	const char *compression_format; /* of pushed layers; NULL: gzip */
	const char *detach_keys;
	const char *events_logger;
	const char *image_default_transport;
	const char *pull_policy;
	const char *runtime; /* NULL: the built-in one */
	const char *volume_path;
	int64_t stop_timeout;
	struct config_runtime *runtimes;
	size_t n_runtimes;

	bool rootless;
};

/*
 * Fill *config with the defaults and what the files say; all of it lives in `arena`.
 * `rootless` adds the user's files. A file that is not there is skipped (one named by a
 * variable must exist); one that breaks the format is an error that names it.
 */
int config_load(struct engine_config *config, bool rootless, struct keg_arena *arena,
		struct keg_err *err) KEG_MUST_CHECK;

/*
 * Where the runtime `name` (a path, a key of [engine.runtimes], or a program in PATH)
 * is. KEG_ENOTFOUND otherwise. The caller frees *out.
 */
int config_find_runtime(const struct engine_config *config, const char *name, char **out,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
