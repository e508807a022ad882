/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/globals.h"

#include "base/log.h"

const struct cli_opt copy_global_opts[] = {
	OPT_FLAG(0, "debug", struct copy_globals, debug, "Enable debug output"),
	OPT_FLAG(0, "insecure-policy", struct copy_globals, insecure_policy,
		 "Run the tool without any policy check"),
	OPT_STRING(0, "override-arch", struct copy_globals, arch, "ARCH",
		   "Use ARCH instead of the architecture of the machine for choosing images"),
	OPT_STRING(0, "override-os", struct copy_globals, os, "OS",
		   "Use OS instead of the running OS for choosing images"),
	OPT_STRING(0, "override-variant", struct copy_globals, variant, "VARIANT",
		   "Use VARIANT instead of the running architecture variant for choosing images"),
	OPT_STRING(0, "policy", struct copy_globals, policy, "PATH", "Path to a trust policy file"),
	OPT_STRING(0, "registries-conf", struct copy_globals, registries_conf, "PATH",
		   "Path to the registries.conf file", .flags = CLI_HIDDEN),
	OPT_STRING(0, "registries-conf-dir", struct copy_globals, registries_conf_dir, "DIR",
		   "Directory of additional registries.conf files", .flags = CLI_HIDDEN),
	OPT_STRING(0, "tmpdir", struct copy_globals, tmpdir, "DIR",
		   "Directory used to store temporary files"),
	OPT_STRING(0, "user-agent-prefix", struct copy_globals, user_agent_prefix, "PREFIX",
		   "Put PREFIX before the name that registries are told"),
	OPT_FLAG('v', "version", struct copy_globals, version, "Print the version of kegcopy"),
	OPT_REFUSED(0, "command-timeout", "TIMEOUT"),
	OPT_REFUSED(0, "registries.d", "DIR"),
	OPT_END,
};

int copy_globals_start(const void *globals, struct keg_err *err)
{
	(void)err;
	if (((const struct copy_globals *)globals)->debug)
		keg_log_set_level(KEG_LOG_DEBUG);
	return 0;
}
