/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what a monitor is told: conmon's options and keg's own (protocol.h). */
#ifndef KEG_MONITOR_OPTIONS_H
#define KEG_MONITOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

/* Strings point into the argument vector. Zero is the default of each but those named. */
struct monitor_options {
	const char *cid, *cuuid, *name, *runtime;
	const char *bundle; /* the current folder */
	const char *container_pidfile, *monitor_pidfile;
	const char *exit_dir, *persist_dir, *socket_dir;
	const char *exit_command;
	const char *exec_spec;
	const char *sdnotify_socket;
	const char *log_tag;
	const char *runtime_root; /* --keg-runtime-root: the built-in runtime */
	struct keg_strv log_paths, log_labels, log_dirs;
	struct keg_strv exit_args, runtime_args, runtime_opts;
	int64_t log_size_max, log_global_size_max; /* <= 0: no limit */
	int64_t log_max_files;			   /* 1 */
	int64_t exit_delay, timeout;		   /* seconds; <= 0: none */
	int64_t api_version;
	int64_t rootfs_fd, client_fd;	  /* -1 */
	int sync_fd, start_fd, attach_fd; /* from the environment; -1 */
	bool exec, exec_attach, terminal, stdin_open, leave_stdin_open, full_attach;
	bool log_rotate, no_sync_log, no_partial_message;
	bool no_cgroups; /* --keg-no-cgroups */
	bool systemd_cgroup, no_pivot, no_new_keyring, replace_listen_pid, sync;
};

void monitor_options_defaults(struct monitor_options *opt);

/* Refuse what is missing, contradictory or out of range; fill in defaults. */
int monitor_options_check(struct monitor_options *opt, struct keg_err *err) KEG_MUST_CHECK;

#endif
