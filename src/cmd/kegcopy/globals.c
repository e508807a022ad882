/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/globals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* What copying does not see the end of the time in is given this much more. */
enum { GRACE_SECONDS = 3 };

const struct cli_opt copy_global_opts[] = {
	OPT_STRING(0, "command-timeout", struct copy_globals, command_timeout, "DURATION",
		   "Give up after DURATION, such as 90s or 5m"),
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
	OPT_STRING(0, "registries.d", struct copy_globals, registries_d, "DIR",
		   "Use registry configuration files in DIR (for where signatures are kept)"),
	OPT_STRING(0, "registries-conf", struct copy_globals, registries_conf, "PATH",
		   "Path to the registries.conf file", .flags = CLI_HIDDEN),
	OPT_STRING(0, "registries-conf-dir", struct copy_globals, registries_conf_dir, "DIR",
		   "Directory of additional registries.conf files", .flags = CLI_HIDDEN),
	OPT_STRING(0, "tmpdir", struct copy_globals, tmpdir, "DIR",
		   "Directory used to store temporary files"),
	OPT_STRING(0, "user-agent-prefix", struct copy_globals, user_agent_prefix, "PREFIX",
		   "Put PREFIX before the name that registries are told"),
	OPT_FLAG(0, "require-signed", struct copy_globals, require_signed,
		 "Reject images unless the policy asks for a signature of them"),
	OPT_FLAG('v', "version", struct copy_globals, version, "Print the version of kegcopy"),
	OPT_REFUSED(0, "tls-details", "PATH"),
	OPT_END,
};

static int timeout_of(const struct copy_globals *globals, int64_t *ns, struct keg_err *err)
{
	*ns = 0;
	if (!globals->command_timeout)
		return 0;
	int r = keg_duration_parse(globals->command_timeout, ns, err);
	return r < 0 ? keg_wrap(err, "invalid --command-timeout \"%s\"", globals->command_timeout)
		     : r;
}

/* A lock that another holds, a disk that does not answer: as by kill -9, after which the next
   command finds everything in order as well. */
static void on_alarm(int signal)
{
	static const char said[] = "Error: --command-timeout: context deadline exceeded\n";

	(void)signal;
	(void)!write(STDERR_FILENO, said, sizeof said - 1);
	_exit(1);
}

static int arm(int64_t ns, struct keg_err *err)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval when = { .it_value = { .tv_sec =
							      ns / KEG_NS_PER_S + GRACE_SECONDS } };

	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &when, NULL) < 0)
		return keg_fail_sys(err, errno, "set a timer");
	return 0;
}

int copy_globals_start(const void *globals, struct keg_err *err)
{
	const struct copy_globals *g = globals;
	int64_t ns;

	if (g->debug)
		keg_log_set_level(KEG_LOG_DEBUG);
	if (g->insecure_policy && g->require_signed)
		return keg_fail(err, KEG_EUSAGE,
				"--insecure-policy and --require-signed are mutually exclusive");
	int r = timeout_of(g, &ns, err);
	return r < 0 || ns <= 0 ? r : arm(ns, err);
}

int copy_globals_deadline(const struct copy_globals *globals, int64_t *out, struct keg_err *err)
{
	int64_t ns;
	int r = timeout_of(globals, &ns, err);

	if (r >= 0)
		*out = ns > 0 ? keg_monotonic_ns() + ns : 0;
	return r;
}
