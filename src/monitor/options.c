/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/options.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "monitor/protocol.h"

void monitor_options_defaults(struct monitor_options *opt)
{
	*opt = (struct monitor_options){
		.log_max_files = 1,
		.rootfs_fd = -1,
		.client_fd = -1,
		.sync_fd = -1,
		.start_fd = -1,
		.attach_fd = -1,
	};
}

static int check_runtime(const struct monitor_options *opt, struct keg_err *err)
{
	if (opt->runtime_root) {
		if (opt->runtime_args.n || opt->runtime_opts.n || opt->systemd_cgroup)
			return keg_fail(err, KEG_EUSAGE,
					"arguments for a runtime do not go with %s",
					MONITOR_OPT_RUNTIME_ROOT);
		return 0;
	}
	if (opt->rootfs_fd >= 0)
		return keg_fail(err, KEG_EUSAGE, "%s needs %s", MONITOR_OPT_ROOTFS_FD,
				MONITOR_OPT_RUNTIME_ROOT);
	if (!opt->runtime)
		return keg_fail(err, KEG_EUSAGE, "Runtime path not provided. Use --runtime");
	if (access(opt->runtime, X_OK) < 0)
		return keg_fail(err, KEG_EUSAGE, "Runtime path %s is not valid", opt->runtime);
	return 0;
}

static int check_exec(const struct monitor_options *opt, struct keg_err *err)
{
	if (opt->exec && !opt->exec_spec)
		return keg_fail(err, KEG_EUSAGE,
				"Exec process spec path not provided. Use --exec-process-spec");
	if (opt->exec_attach && opt->api_version < 1)
		return keg_fail(err, KEG_EUSAGE,
				"Attach can only be specified for a non-legacy exec session");
	if (opt->exec_attach && opt->attach_fd < 0)
		return keg_fail(err, KEG_EUSAGE, "--attach specified but %s was not",
				MONITOR_ENV_ATTACH);
	return 0;
}

/* Each descriptor handed over is open, and closed when a program is executed. */
static int check_fd(int64_t fd, const char *name, struct keg_err *err)
{
	if (fd < 0)
		return 0;
	if (fd <= STDERR_FILENO || fd > INT_MAX || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return keg_fail(err, KEG_EUSAGE, "%s: descriptor %lld is not open", name,
				(long long)fd);
	return 0;
}

static int check_fds(const struct monitor_options *opt, struct keg_err *err)
{
	const struct {
		int64_t fd;
		const char *name;
	} fds[] = {
		{ opt->rootfs_fd, MONITOR_OPT_ROOTFS_FD },
		{ opt->client_fd, MONITOR_OPT_CLIENT_FD },
		{ opt->sync_fd, MONITOR_ENV_SYNC },
		{ opt->start_fd, MONITOR_ENV_START },
		{ opt->attach_fd, MONITOR_ENV_ATTACH },
	};

	for (size_t i = 0; i < KEG_COUNT(fds); i++) {
		if (check_fd(fds[i].fd, fds[i].name, err) < 0)
			return -(int)err->code;
	}
	return 0;
}

static int check_log(const struct monitor_options *opt, struct keg_err *err)
{
	if (!opt->log_paths.n)
		return keg_fail(err, KEG_EUSAGE, "Log driver not provided. Use --log-path");
	if (opt->log_max_files < 0)
		return keg_fail(err, KEG_EUSAGE, "log-max-files must be non-negative");
	if (opt->log_max_files > INT_MAX)
		return keg_fail(err, KEG_EUSAGE, "log-max-files %lld is out of range",
				(long long)opt->log_max_files);
	if (opt->log_rotate && opt->log_max_files < 1)
		return keg_fail(err, KEG_EUSAGE,
				"log-max-files must be at least 1 when log-rotate is enabled");
	return 0;
}

int monitor_options_check(struct monitor_options *opt, struct keg_err *err)
{
	if (keg_str_empty(opt->cid))
		return keg_fail(err, KEG_EUSAGE, "Container ID not provided. Use --cid");
	if (strchr(opt->cid, '/'))
		return keg_fail(err, KEG_EUSAGE, "container ID %s has a slash", opt->cid);
	if (!opt->exec && keg_str_empty(opt->cuuid))
		return keg_fail(err, KEG_EUSAGE, "Container UUID not provided. Use --cuuid");
	if (opt->cuuid && strchr(opt->cuuid, '/'))
		return keg_fail(err, KEG_EUSAGE, "container UUID %s has a slash", opt->cuuid);
	if (check_runtime(opt, err) < 0 || check_exec(opt, err) < 0 || check_log(opt, err) < 0 ||
	    check_fds(opt, err) < 0)
		return -(int)err->code;

	return 0;
}
