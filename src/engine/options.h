/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - what the user asked of a new container, in the words of the command line.
 *
 * The commands `create` and `run` fill this struct through one option table; the engine reads
 * it and gives the errors. Texts are borrowed from argv; NULL or an empty list is "not given",
 * tristates are -1 then.
 */
#ifndef KEG_ENGINE_OPTIONS_H
#define KEG_ENGINE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

struct container_options {
	/* the container */
	const char *name, *cidfile, *image_volume, *restart, *stop_signal;
	const char *pid_file, *monitor_pid_file;
	const char *log_driver, *runtime_flags, *systemd;
	struct keg_strv annotations, labels, label_files, log_opts, requires_;
	int64_t stop_timeout; /* -1: the configuration's */
	uint64_t timeout;
	bool rm, replace;

	/* the image */
	const char *platform, *os, *arch, *variant, *pull;
	bool rootfs, quiet;
	int tls_verify;

	/* the process */
	const char *entrypoint, *workdir, *user, *tz, *umask, *init_path;
	struct keg_strv env, env_files, unset_env, group_add, ulimits, attach;
	bool env_host, init, interactive, tty, unset_env_all;
	int http_proxy, no_healthcheck;

	/* what it sees */
	const char *hostname, *network, *pid, *ipc, *uts, *userns, *cgroupns;
	const char *shm_size, *cgroup_parent, *cgroups;
	struct keg_strv add_hosts, dns, dns_options, dns_search, networks;
	struct keg_strv volumes, mounts, tmpfs, devices, device_rules, sysctls;
	bool read_only, no_hosts;
	int read_only_tmpfs, passwd;

	/* what it may do */
	struct keg_strv cap_add, cap_drop, security_opts;
	bool privileged;

	/* what it may use */
	const char *memory, *memory_swap, *memory_reservation, *kernel_memory, *cpus;
	const char *cpuset_cpus, *cpuset_mems, *blkio_weight, *memory_swappiness;
	uint64_t cpu_shares, cpu_period, cpu_rt_period;
	int64_t cpu_quota, cpu_rt_runtime;
	const char *pids_limit, *oom_score_adj;
	bool oom_kill_disable;
};

#endif
