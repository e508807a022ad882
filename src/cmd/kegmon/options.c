/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegmon/options.h"

#include <limits.h>
#include <stdlib.h>

#include "base/num.h"
#include "monitor/protocol.h"

#define FLAG(brief, name, field, help) OPT_FLAG(brief, name, struct kegmon_args, m.field, help)
#define STRING(brief, name, field, arg, help) \
	OPT_STRING(brief, name, struct kegmon_args, m.field, arg, help)
#define STRINGS(brief, name, field, arg, help) \
	OPT_STRINGS(brief, name, struct kegmon_args, m.field, arg, help)
#define INT(brief, name, field, arg, help) \
	OPT_INT(brief, name, struct kegmon_args, m.field, arg, help)

const struct cli_opt kegmon_opts[] = {
	INT(0, "api-version", api_version, "N",
	    "the protocol's version: 0, or 1 as engines use it"),
	STRING('b', "bundle", bundle, "DIR", "the container's bundle; the default is \".\""),
	STRING('c', "cid", cid, "ID", "the container's id"),
	STRING('P', "conmon-pidfile", monitor_pidfile, "FILE", "where to write the monitor's pid"),
	STRING('p', "container-pidfile", container_pidfile, "FILE",
	       "where the runtime writes the container's pid"),
	STRING('u', "cuuid", cuuid, "ID", "the name of the container below --socket-dir-path"),
	FLAG('e', "exec", exec, "run a process in a running container"),
	FLAG(0, "exec-attach", exec_attach, "wait for a client to attach before the exec"),
	STRING(0, "exec-process-spec", exec_spec, "FILE", "the process to run with --exec"),
	STRING(0, "exit-command", exit_command, "FILE",
	       "a program to run after the container's end"),
	STRINGS(0, "exit-command-arg", exit_args, "ARG", "an argument for it; may be repeated"),
	INT(0, "exit-delay", exit_delay, "SECONDS", "how long to wait before it runs"),
	STRING(0, "exit-dir", exit_dir, "DIR", "where to write the exit status, under the id"),
	FLAG(0, "full-attach", full_attach, "put the attach socket into the bundle alone"),
	FLAG(0, "leave-stdin-open", leave_stdin_open,
	     "keep the container's input open when a client leaves"),
	STRINGS(0, "log-allowlist-dir", log_dirs, "DIR",
		"a folder in which log files may be; may be repeated"),
	INT(0, "log-global-size-max", log_global_size_max, "BYTES",
	    "how much to log altogether; the rest is dropped"),
	STRINGS(0, "log-label", log_labels, "LABEL=VALUE", "a field for journal entries"),
	OPT_STRING(0, "log-level", struct kegmon_args, log_level, "LEVEL",
		   "what to tell on stderr: error, warning, info, debug or trace"),
	INT(0, "log-max-files", log_max_files, "N", "how many old logs --log-rotate keeps"),
	STRINGS('l', "log-path", log_paths, "[DRIVER:]PATH",
		"where the output goes: k8s-file:PATH, journald, none or passthrough"),
	FLAG(0, "log-rotate", log_rotate, "keep old logs as PATH.1, PATH.2 at --log-size-max"),
	INT(0, "log-size-max", log_size_max, "BYTES", "start the log file anew at this size"),
	STRING(0, "log-tag", log_tag, "TAG", "CONTAINER_TAG of journal entries"),
	STRING('n', "name", name, "NAME", "CONTAINER_NAME of journal entries"),
	FLAG(0, "no-container-partial-message", no_partial_message,
	     "do not mark pieces of lines in the journal"),
	FLAG(0, "no-new-keyring", no_new_keyring, "leave the container the session keyring"),
	FLAG(0, "no-pivot", no_pivot, "do not use pivot_root"),
	FLAG(0, "no-sync-log", no_sync_log, "do not sync the log at the end"),
	STRING('0', "persist-dir", persist_dir, "DIR",
	       "where else to leave the files exit and oom"),
	FLAG(0, "replace-listen-pid", replace_listen_pid, "set LISTEN_PID for the runtime"),
	OPT_REFUSED(0, "restore", "DIR"),
	STRING('r', "runtime", runtime, "FILE", "the OCI runtime"),
	STRINGS(0, "runtime-arg", runtime_args, "ARG",
		"an argument for it before its command; may be repeated"),
	STRINGS(0, "runtime-opt", runtime_opts, "ARG",
		"an argument for it after its command; may be repeated"),
	STRING(0, "sdnotify-socket", sdnotify_socket, "FILE",
	       "the host's socket that is told READY=1"),
	OPT_REFUSED(0, "seccomp-notify-plugins", "LIST"),
	OPT_REFUSED(0, "seccomp-notify-socket", "FILE"),
	STRING(0, "socket-dir-path", socket_dir, "DIR", "where to link the bundle under --cuuid"),
	FLAG('i', "stdin", stdin_open, "give the container an input that clients write"),
	FLAG(0, "sync", sync, "do not fork; stay the engine's child"),
	OPT_FLAG(0, "syslog", struct kegmon_args, syslog,
		 "accepted; messages go to the sync pipe and stderr alone"),
	FLAG('s', "systemd-cgroup", systemd_cgroup, "pass --systemd-cgroup to the runtime"),
	FLAG('t', "terminal", terminal, "the container has a terminal"),
	INT('T', "timeout", timeout, "SECONDS", "kill the container after so long"),
	OPT_FLAG(0, "version", struct kegmon_args, version, "print the version"),
	STRING(0, "keg-runtime-root", runtime_root, "DIR",
	       "run the built-in runtime with its state in DIR (keg only)"),
	INT(0, "keg-rootfs-fd", rootfs_fd, "N",
	    "a detached mount for the container's root (keg only)"),
	FLAG(0, "keg-no-cgroups", no_cgroups, "make no control group for the container (keg only)"),
	INT(0, "keg-client-fd", client_fd, "N", "a socket to the client that cleans up (keg only)"),
	OPT_END,
};

/* The number of a descriptor, removed from the environment: it is not the container's business. */
static int fd_from_env(const char *name, int *out, struct keg_err *err)
{
	const char *text = getenv(name);
	uint32_t fd;

	if (!text)
		return 0;
	if (keg_parse_u32(text, &fd, err) < 0 || fd > INT_MAX)
		return keg_fail(err, KEG_EUSAGE, "%s=%s is no descriptor", name, text);
	*out = (int)fd;
	unsetenv(name);
	return 0;
}

int kegmon_read_environment(struct monitor_options *opt, struct keg_err *err)
{
	if (fd_from_env(MONITOR_ENV_SYNC, &opt->sync_fd, err) < 0 ||
	    fd_from_env(MONITOR_ENV_START, &opt->start_fd, err) < 0 ||
	    fd_from_env(MONITOR_ENV_ATTACH, &opt->attach_fd, err) < 0)
		return -(int)err->code;
	return 0;
}
