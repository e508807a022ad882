/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun - runs containers as the OCI runtime specification has them. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/log.h"
#include "os/cgroup_manager.h"
#include "cmd/kegrun/version.h"
#include "os/loader.h"
#include "runtime/remote.h"

/* In the order of the help. */
static const struct cli_cmd *const commands[] = {
	&kegrun_checkpoint, &kegrun_create,  &kegrun_delete, &kegrun_events, &kegrun_exec,
	&kegrun_features,   &kegrun_kill,    &kegrun_list,   &kegrun_mounts, &kegrun_pause,
	&kegrun_ps,	    &kegrun_restore, &kegrun_resume, &kegrun_run,    &kegrun_spec,
	&kegrun_start,	    &kegrun_state,   &kegrun_update, NULL,
};

static const struct cli_program kegrun = {
	.name = "kegrun",
	.summary = "Run containers from OCI bundles",
	.version = KEG_VERSION,
	.alike = "crun and of \"runc - Open Container Initiative runtime\"",
	.unknown = "No help topic for",
	.print_version = kegrun_version_print,
	.opts = kegrun_globals_opts,
	.globals_size = sizeof(struct kegrun_globals),
	.start = kegrun_globals_start,
	.commands = commands,
	.error_status = EXIT_FAILURE,
	.candidates = kegrun_candidates,
	.report = kegrun_log_error,
};

/* One of the words is one of these; that another word may look like one does no harm. */
static bool has_word_of(char **argv, const char *const *words)
{
	for (; *argv; argv++) {
		for (size_t i = 0; words[i]; i++) {
			if (strcmp(*argv, words[i]) == 0)
				return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	/* What enters containers, and of that what has the most in memory later on. */
	static const char *const enter[] = {
		"create", "exec", "mounts", "run", REMOTE_COMMAND, NULL
	};
	static const char *const make[] = { "create", "run", REMOTE_COMMAND, NULL };
	struct keg_err err = { 0 };

	if (has_word_of(argv, enter) && runtime_protect_self(argv, &err) < 0) {
		keg_err_print(&err, stderr);
		return EXIT_FAILURE;
	}
	loader_give_back(has_word_of(argv, make));

	struct cli_program program = kegrun;
	if (argc > 0 && strcmp(keg_path_base(argv[0]), "crun") == 0) {
		program.name = "crun";
		program.argp_usage = true;
		program.defaults = kegrun_globals_as_crun;
	}
	if (argc == 3 && strcmp(argv[1], REMOTE_COMMAND) == 0)
		return remote_serve(argv[2], KEG_VERSION, &cgroup_systemd);
	return cli_main(&program, argc, argv);
}
