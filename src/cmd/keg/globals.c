/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/globals.h"

#include <string.h>

#include "base/log.h"

const struct cli_opt keg_global_opts[] = {
	OPT_STRING(0, "cgroup-manager", struct keg_globals, cgroup_manager, "NAME",
		   "Cgroup manager to use (\"cgroupfs\"|\"systemd\")"),
	OPT_STRING(0, "conmon", struct keg_globals, conmon, "PATH",
		   "Path of the monitor: kegmon or conmon"),
	OPT_STRING(0, "events-backend", struct keg_globals, events_backend, "NAME",
		   "Events backend to use: only none, as events are not recorded yet"),
	OPT_STRING(0, "hooks-dir", struct keg_globals, hooks_dir, "DIR",
		   "Directory of OCI hook configurations"),
	OPT_STRING(0, "imagestore", struct keg_globals, imagestore, "DIR",
		   "Folder of images, when they are kept apart from containers"),
	OPT_STRING(0, "log-level", struct keg_globals, log_level, "LEVEL",
		   "Log messages above this level (trace, debug, info, warn, warning, error, "
		   "fatal, panic)"),
	OPT_STRING(0, "root", struct keg_globals, root, "DIR",
		   "Folder of images, containers and volumes"),
	OPT_STRING(0, "runroot", struct keg_globals, runroot, "DIR",
		   "Folder of what does not outlive a boot"),
	OPT_STRING(0, "runtime", struct keg_globals, runtime, "PATH",
		   "OCI runtime: a name of containers.conf or a path; built in when not given"),
	OPT_STRINGS(0, "runtime-flag", struct keg_globals, runtime_flags, "FLAG",
		    "Add a global flag for the OCI runtime"),
	OPT_STRING(0, "storage-driver", struct keg_globals, storage_driver, "NAME",
		   "Storage driver: overlay or vfs"),
	OPT_STRINGS(0, "storage-opt", struct keg_globals, storage_opts, "OPTION",
		    "Option of the storage driver"),
	OPT_STRING(0, "tmpdir", struct keg_globals, tmpdir, "DIR",
		   "Folder of temporary state files"),
	OPT_FLAG('v', "version", struct keg_globals, version, "Print the version of keg",
		 .flags = CLI_FIRST),
	OPT_REFUSED(0, "connection", "NAME"),
	OPT_REFUSED(0, "identity", "PATH"),
	OPT_REFUSED(0, "network-config-dir", "DIR"),
	OPT_REFUSED(0, "noout", NULL),
	OPT_REFUSED('r', "remote", NULL),
	OPT_REFUSED(0, "syslog", NULL),
	OPT_REFUSED(0, "transient-store", NULL),
	OPT_REFUSED(0, "url", "URL"),
	OPT_REFUSED(0, "volumepath", "DIR"),
	OPT_END,
};

int keg_globals_start(const void *globals, struct keg_err *err)
{
	static const struct {
		const char *name;
		enum keg_log_level level;
	} levels[] = {
		{ "trace", KEG_LOG_TRACE }, { "debug", KEG_LOG_DEBUG },	 { "info", KEG_LOG_INFO },
		{ "warn", KEG_LOG_WARN },   { "warning", KEG_LOG_WARN }, { "error", KEG_LOG_ERROR },
		{ "fatal", KEG_LOG_ERROR }, { "panic", KEG_LOG_ERROR },
	};
	const struct keg_globals *g = globals;

	if (g->events_backend && strcmp(g->events_backend, "none") != 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"events backend %s is not supported: events are not recorded yet",
				g->events_backend);
	if (!g->log_level)
		return 0;
	for (size_t i = 0; i < KEG_COUNT(levels); i++) {
		if (strcmp(levels[i].name, g->log_level) == 0) {
			keg_log_set_level(levels[i].level);
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE,
			"log level %s is not supported, choose from: trace, debug, info, warn, "
			"warning, error, fatal, panic",
			g->log_level);
}
