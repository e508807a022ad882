/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/container_options.h"

#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "cmd/keg/command_line.h"
#include "cmd/keg/pull_policy.h"
#include "engine/lifecycle.h"
#include "image/transfer.h"

#define O struct container_options

/* In the order of their names. */
static const struct cli_opt container_rows[] = {
	OPT_LIST(0, "add-host", O, add_hosts, "HOST:IP", "Add a custom host-to-IP mapping"),
	OPT_LIST(0, "annotation", O, annotations, "KEY=VALUE", "Add annotations to container"),
	OPT_STRING(0, "arch", O, arch, "ARCH",
		   "Use ARCH instead of the architecture of the machine for choosing images"),
	OPT_LIST('a', "attach", O, attach, "STREAM", "Attach to stdin, stdout or stderr"),
	OPT_STRING(0, "blkio-weight", O, blkio_weight, "WEIGHT",
		   "Block IO weight between 10 and 1000"),
	OPT_LIST(0, "cap-add", O, cap_add, "CAPABILITY", "Add capabilities to the container"),
	OPT_LIST(0, "cap-drop", O, cap_drop, "CAPABILITY", "Drop capabilities from the container"),
	OPT_STRING(0, "cgroup-parent", O, cgroup_parent, "PATH",
		   "Optional parent cgroup for the container"),
	OPT_STRING(0, "cgroupns", O, cgroupns, "MODE", "Cgroup namespace to use"),
	OPT_STRING(0, "cgroups", O, cgroups, "MODE",
		   "Control cgroups: enabled, disabled, no-conmon"),
	OPT_STRING(0, "cidfile", O, cidfile, "PATH", "Write the container ID to the file"),
	OPT_UINT(0, "cpu-period", O, cpu_period, "USEC", "Limit the CPU CFS period"),
	OPT_INT(0, "cpu-quota", O, cpu_quota, "USEC", "Limit the CPU CFS quota"),
	OPT_UINT(0, "cpu-rt-period", O, cpu_rt_period, "USEC", "Limit the CPU real-time period"),
	OPT_INT(0, "cpu-rt-runtime", O, cpu_rt_runtime, "USEC", "Limit the CPU real-time runtime"),
	OPT_UINT('c', "cpu-shares", O, cpu_shares, "SHARES", "CPU shares (relative weight)"),
	OPT_STRING(0, "conmon-pidfile", O, monitor_pid_file, "PATH",
		   "Write the monitor's process ID to the file"),
	OPT_STRING(0, "pidfile", O, pid_file, "PATH", "Write the container process ID to the file"),
	OPT_STRING(0, "cpus", O, cpus, "NUMBER", "Number of CPUs; 0 means no limit"),
	OPT_STRING(0, "cpuset-cpus", O, cpuset_cpus, "LIST",
		   "CPUs in which to allow execution (0-3, 0,1)"),
	OPT_STRING(0, "cpuset-mems", O, cpuset_mems, "LIST",
		   "Memory nodes in which to allow execution (0-3, 0,1)"),
	OPT_LIST(0, "device", O, devices, "DEVICE", "Add a host device to the container"),
	OPT_LIST(0, "device-cgroup-rule", O, device_rules, "RULE",
		 "Add a rule to the cgroup allowed devices list"),
	OPT_LIST(0, "dns", O, dns, "SERVER", "Set custom DNS servers"),
	OPT_LIST(0, "dns-option", O, dns_options, "OPTION", "Set custom DNS options"),
	OPT_LIST(0, "dns-opt", O, dns_options, "OPTION", "As --dns-option", .flags = CLI_HIDDEN),
	OPT_LIST(0, "dns-search", O, dns_search, "DOMAIN", "Set custom DNS search domains"),
	OPT_STRING(0, "entrypoint", O, entrypoint, "COMMAND",
		   "Overwrite the default ENTRYPOINT of the image"),
	OPT_STRINGS('e', "env", O, env, "NAME[=VALUE]", "Set environment variables in container"),
	OPT_LIST(0, "env-file", O, env_files, "PATH", "Read in a file of environment variables"),
	OPT_FLAG(0, "env-host", O, env_host, "Use all host environment variables in container"),
	OPT_LIST(0, "group-add", O, group_add, "GROUP",
		 "Add additional groups to the primary container process"),
	OPT_STRING('h', "hostname", O, hostname, "NAME", "Set container hostname"),
	OPT_TRISTATE(0, "http-proxy", O, http_proxy,
		     "Set proxy environment variables in the container as on the host"),
	OPT_STRING(0, "image-volume", O, image_volume, "MODE",
		   "How to handle the image's volumes: bind, tmpfs, ignore"),
	OPT_FLAG(0, "init", O, init,
		 "Run an init inside the container that forwards signals and reaps processes"),
	OPT_STRING(0, "init-path", O, init_path, "PATH", "Path to the container-init binary"),
	OPT_FLAG('i', "interactive", O, interactive, "Keep stdin open even if not attached"),
	OPT_STRING(0, "ipc", O, ipc, "MODE", "IPC namespace to use"),
	OPT_STRINGS('l', "label", O, labels, "KEY[=VALUE]", "Set metadata on container"),
	OPT_LIST(0, "label-file", O, label_files, "PATH", "Read in a file of labels"),
	OPT_STRING(0, "log-driver", O, log_driver, "DRIVER",
		   "Logging driver for the container: k8s-file, json-file, journald, none"),
	OPT_LIST(0, "log-opt", O, log_opts, "NAME=VALUE", "Logging driver options"),
	OPT_STRING('m', "memory", O, memory, "SIZE", "Memory limit"),
	OPT_STRING(0, "memory-reservation", O, memory_reservation, "SIZE", "Memory soft limit"),
	OPT_STRING(0, "memory-swap", O, memory_swap, "SIZE",
		   "Swap limit equal to memory plus swap; -1: unlimited"),
	OPT_STRING(0, "memory-swappiness", O, memory_swappiness, "PERCENT",
		   "Tune container memory swappiness (0 to 100)"),
	OPT_STRINGS(0, "mount", O, mounts, "SPEC", "Attach a filesystem mount to the container"),
	OPT_STRING(0, "name", O, name, "NAME", "Assign a name to the container"),
	OPT_STRINGS(0, "net", O, networks, "MODE", "As --network", .flags = CLI_HIDDEN),
	OPT_STRINGS(0, "network", O, networks, "MODE",
		    "Network namespace to use: none, host, private, container:ID, ns:PATH"),
	OPT_FLAG(0, "no-hosts", O, no_hosts, "Do not create /etc/hosts within the container"),
	OPT_FLAG(0, "oom-kill-disable", O, oom_kill_disable, "Disable OOM Killer"),
	OPT_STRING(0, "oom-score-adj", O, oom_score_adj, "NUMBER",
		   "Tune the host's OOM preferences (-1000 to 1000)"),
	OPT_STRING(0, "os", O, os, "OS", "Use OS instead of the running OS for choosing images"),
	OPT_TRISTATE(0, "passwd", O, passwd, "Add an entry to /etc/passwd"),
	OPT_STRING(0, "pid", O, pid, "MODE", "PID namespace to use"),
	OPT_STRING(0, "pids-limit", O, pids_limit, "NUMBER",
		   "Tune container pids limit (-1: unlimited)"),
	OPT_STRING(0, "platform", O, platform, "OS/ARCH[/VARIANT]",
		   "Specify the platform for selecting the image"),
	OPT_FLAG(0, "privileged", O, privileged, "Give extended privileges to container"),
	OPT_STRING(0, "pull", O, pull, "POLICY",
		   "Pull image policy: always, missing, never, newer"),
	OPT_FLAG('q', "quiet", O, quiet, "Suppress output information when pulling images"),
	OPT_FLAG(0, "read-only", O, read_only, "Make containers root filesystem read-only"),
	OPT_TRISTATE(0, "read-only-tmpfs", O, read_only_tmpfs,
		     "With --read-only, mount a tmpfs on /run, /tmp and /var/tmp"),
	OPT_FLAG(0, "replace", O, replace, "If a container with the same name exists, replace it"),
	OPT_STRING(0, "restart", O, restart, "POLICY", "Restart policy: no"),
	OPT_FLAG(0, "rm", O, rm, "Remove container after exit"),
	OPT_STRINGS(0, "security-opt", O, security_opts, "OPTION", "Security options"),
	OPT_STRING(0, "shm-size", O, shm_size, "SIZE", "Size of /dev/shm"),
	OPT_STRING(0, "stop-signal", O, stop_signal, "SIGNAL",
		   "Signal to stop a container. Default is SIGTERM"),
	OPT_INT(0, "stop-timeout", O, stop_timeout, "SECONDS",
		"Seconds that a container gets to stop before it is killed"),
	OPT_LIST(0, "sysctl", O, sysctls, "NAME=VALUE", "Sysctl options"),
	OPT_STRING(0, "systemd", O, systemd, "MODE", "Run container in systemd mode: true, false"),
	OPT_UINT(0, "timeout", O, timeout, "SECONDS",
		 "Maximum length of time a container is allowed to run"),
	OPT_STRINGS(0, "tmpfs", O, tmpfs, "DIR[:OPTIONS]",
		    "Mount a temporary filesystem (tmpfs) into a container"),
	OPT_FLAG('t', "tty", O, tty, "Allocate a pseudo-TTY for container"),
	OPT_STRING(0, "tz", O, tz, "ZONE", "Set timezone in container"),
	OPT_LIST(0, "ulimit", O, ulimits, "NAME=SOFT[:HARD]", "Ulimit options"),
	OPT_STRING(0, "umask", O, umask, "MODE", "Set umask in container"),
	OPT_STRINGS(0, "unsetenv", O, unset_env, "NAME",
		    "Unset environment default variables in container"),
	OPT_FLAG(0, "unsetenv-all", O, unset_env_all,
		 "Unset all default environment variables in container"),
	OPT_STRING('u', "user", O, user, "USER[:GROUP]", "Username or UID"),
	OPT_STRING(0, "userns", O, userns, "MODE", "User namespace to use"),
	OPT_STRING(0, "uts", O, uts, "MODE", "UTS namespace to use"),
	OPT_STRING(0, "variant", O, variant, "VARIANT",
		   "Use VARIANT instead of the running architecture's for choosing images"),
	OPT_STRINGS('v', "volume", O, volumes, "[SOURCE:]DIR[:OPTIONS]",
		    "Bind mount a volume into the container"),
	OPT_STRING('w', "workdir", O, workdir, "DIR", "Working directory inside the container"),
	OPT_REFUSED(0, "blkio-weight-device", "DEVICE:WEIGHT"),
	OPT_REFUSED(0, "cgroup-conf", "KEY=VALUE"),
	OPT_REFUSED(0, "chrootdirs", "DIR"),
	OPT_REFUSED(0, "device-read-bps", "DEVICE:RATE"),
	OPT_REFUSED(0, "device-read-iops", "DEVICE:RATE"),
	OPT_REFUSED(0, "device-write-bps", "DEVICE:RATE"),
	OPT_REFUSED(0, "device-write-iops", "DEVICE:RATE"),
	OPT_REFUSED(0, "env-merge", "TEMPLATE"),
	OPT_REFUSED(0, "expose", "PORT"),
	OPT_REFUSED(0, "gidmap", "MAP"),
	OPT_REFUSED(0, "health-cmd", "COMMAND"),
	OPT_REFUSED(0, "health-interval", "TIME"),
	OPT_REFUSED(0, "health-on-failure", "ACTION"),
	OPT_REFUSED(0, "health-retries", "NUMBER"),
	OPT_REFUSED(0, "health-start-period", "TIME"),
	OPT_REFUSED(0, "health-timeout", "TIME"),
	OPT_REFUSED(0, "hostuser", "USER"),
	OPT_REFUSED(0, "ip", "ADDRESS"),
	OPT_REFUSED(0, "ip6", "ADDRESS"),
	OPT_REFUSED(0, "mac-address", "ADDRESS"),
	OPT_REFUSED(0, "network-alias", "NAME"),
	OPT_REFUSED(0, "no-healthcheck", NULL),
	OPT_REFUSED(0, "passwd-entry", "TEXT"),
	OPT_REFUSED(0, "personality", "NAME"),
	OPT_REFUSED(0, "pod", "NAME"),
	OPT_REFUSED(0, "pod-id-file", "PATH"),
	OPT_REFUSED('p', "publish", "PORT"),
	OPT_REFUSED('P', "publish-all", NULL),
	OPT_REFUSED(0, "requires", "CONTAINER"),
	OPT_REFUSED(0, "rmi", NULL),
	OPT_REFUSED(0, "rootfs", NULL),
	OPT_REFUSED(0, "sdnotify", "MODE"),
	OPT_REFUSED(0, "seccomp-policy", "POLICY"),
	OPT_REFUSED(0, "secret", "SECRET"),
	OPT_REFUSED(0, "subgidname", "NAME"),
	OPT_REFUSED(0, "subuidname", "NAME"),
	OPT_REFUSED(0, "uidmap", "MAP"),
	OPT_REFUSED(0, "volumes-from", "CONTAINER"),
	OPT_END,
};

const struct cli_opt create_rows[] = {
	OPT_GROUP(struct create_args, o, container_options, container_rows),
	OPT_STRING(0, "authfile", struct create_args, access.authfile, "PATH",
		   "Path of the authentication file"),
	OPT_FLAG(0, "disable-content-trust", struct create_args, content_trust,
		 "Docker's option; there is nothing to disable", .flags = CLI_HIDDEN),
	OPT_TRISTATE(0, "tls-verify", struct create_args, access.tls_verify,
		     "Require HTTPS and verify certificates when contacting registries"),
	OPT_END,
};

void create_args_defaults(struct create_args *args)
{
	args->access.tls_verify = -1;
	args->o.stop_timeout = -1;
	args->o.http_proxy = -1;
	args->o.read_only_tmpfs = -1;
	args->o.passwd = -1;
}

/* --- image -------------------------------------------------------------------------------- */

static int pull(struct engine *engine, const struct create_args *args, const char *image,
		enum transfer_pull_policy policy, struct keg_err *err)
{
	enum { RETRIES = 3 };
	const struct platform_args platform = { .os = args->o.os,
						.arch = args->o.arch,
						.variant = args->o.variant,
						.platform = args->o.platform };
	const struct transfer_table *transfer;
	struct image_access access;
	auto(keg_strv) ids = { 0 };
	int r = keg_access(engine, &args->access, &platform, &access, err);

	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;

	access.retries = RETRIES;
	autoptr(cli_progress) progress = cli_progress_new(stderr, args->o.quiet);
	const struct transfer_pull req = { .access = &access,
					   .name = image,
					   .local_id = pull_local_id(engine, policy, image),
					   .policy = policy,
					   .progress = cli_progress_sink(progress) };
	return transfer->pull(&req, &ids, err);
}

static int replace(struct engine *engine, const char *name, struct keg_err *err)
{
	const struct lifecycle_remove how = { .force = true, .seconds = -1 };
	auto(container) old = CONTAINER_INIT;
	int r = container_open(engine, name, &old, err);

	if (r >= 0)
		r = lifecycle_remove(&old, &how, err);
	return r == -KEG_ENOTFOUND ? 0 : r;
}

int create_container(const struct cli_call *call, struct create_args *args, struct engine *engine,
		     int *hold, struct container *out, struct keg_err *err)
{
	const char *image = call->operands[0];
	enum transfer_pull_policy policy;
	bool no_image = false;
	auto(keg_strv) argv = { 0 };
	struct container_request req = {
		.options = &args->o,
		.image = image,
		.command = call->operands + 1,
		.starts = args->starts,
		.no_image = &no_image,
	};
	int r = command_line_read(&argv, err);
	if (r < 0)
		return r;
	req.argv = argv.v;
	r = pull_policy_parse(args->o.pull ? args->o.pull : engine->config.pull_policy, &policy,
			      err);
	if (r < 0)
		return r;

	r = engine_enter(engine, err);
	if (r >= 0 && (policy == TRANSFER_PULL_ALWAYS || policy == TRANSFER_PULL_NEWER))
		r = pull(engine, args, image, policy, err);
	if (r >= 0 && args->o.replace && args->o.name)
		r = replace(engine, args->o.name, err);
	if (r < 0)
		return r;
	r = container_create(engine, &req, hold, out, err);
	if (r < 0 && no_image && policy == TRANSFER_PULL_MISSING) {
		r = pull(engine, args, image, TRANSFER_PULL_ALWAYS, err);
		if (r >= 0)
			r = container_create(engine, &req, hold, out, err);
	}
	return r;
}
