/* SPDX-License-Identifier: Apache-2.0 */
/* kegmon - stays with one container: its output, its clients, its exit status. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/strv.h"
#include "cmd/kegmon/options.h"
#include "monitor/monitor.h"
#include "monitor/protocol.h"
#include "runtime/runtime.h"

/* The protocol that we speak; engines look for these words and the number. */
static const char version[] = "conmon version 2.1.6\n"
			      "commit: kegmon " KEG_VERSION "\n";

static int set_log_level(const char *name, struct keg_err *err)
{
	static const struct {
		const char *name;
		enum keg_log_level level;
	} levels[] = {
		{ "fatal", KEG_LOG_ERROR },  { "error", KEG_LOG_ERROR }, { "warn", KEG_LOG_WARN },
		{ "warning", KEG_LOG_WARN }, { "info", KEG_LOG_INFO },	 { "debug", KEG_LOG_DEBUG },
		{ "trace", KEG_LOG_TRACE },
	};

	for (size_t i = 0; i < KEG_COUNT(levels); i++) {
		if (keg_str_eq(levels[i].name, name)) {
			keg_log_set_level(levels[i].level);
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE, "No such log level %s", name);
}

static void defaults(void *args)
{
	monitor_options_defaults(&((struct kegmon_args *)args)->m);
}

static int run(const struct cli_call *call, struct keg_err *err)
{
	struct kegmon_args *args = call->args;

	if (args->version) {
		fputs(version, stdout);
		return 0;
	}
	if (args->log_level && set_log_level(args->log_level, err) < 0)
		return -(int)err->code;
	if (kegmon_read_environment(&args->m, err) < 0 || monitor_options_check(&args->m, err) < 0)
		return -(int)err->code;
	return monitor_run(&args->m, err);
}

static const struct cli_cmd monitor = {
	.name = "kegmon",
	.summary = "Monitor one container: log its output, serve its clients, record its end",
	.opts = kegmon_opts,
	.args_size = sizeof(struct kegmon_args),
	.defaults = defaults,
	.run = run,
};

static const struct cli_program kegmon = {
	.name = "kegmon",
	.version = KEG_VERSION,
	.only = &monitor,
	.error_status = EXIT_FAILURE,
};

/* Will our own code become a container's first process? */
static bool runs_builtin(char **argv)
{
	for (char **word = argv + 1; *word; word++) {
		if (keg_str_starts(*word, MONITOR_OPT_RUNTIME_ROOT))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct keg_err err;

	/* Before anything is read: it may start this program anew. */
	if (runs_builtin(argv) && runtime_protect_self(argv, &err) < 0) {
		keg_err_print(&err, stderr);
		return EXIT_FAILURE;
	}
	return cli_main(&kegmon, argc, argv);
}
