/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun spec - write a configuration to start from. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "cmd/kegrun/commands.h"
#include "runtime/runtime.h"

struct spec_args {
	const char *bundle, *file;
	bool rootless;
};

static const struct cli_opt spec_opts[] = {
	OPT_STRING('b', "bundle", struct spec_args, bundle, "FOLDER",
		   "where config.json is written (default: the current folder)"),
	OPT_STRING('f', "file", struct spec_args, file, "FILE",
		   "write this file of it instead, also where it exists"),
	OPT_FLAG(0, "rootless", struct spec_args, rootless, "one for an ordinary user"),
	OPT_END,
};

/* A name of one's own may be a device or a pipe: it is written, not replaced. */
static int write_to(int folder, const char *file, const char *text, struct keg_err *err)
{
	int r;

	if (file) {
		autofd int fd = keg_open_at(folder, file, O_WRONLY | O_CREAT | O_TRUNC, 0666, err);

		return fd < 0 ? fd : keg_write_all(fd, text, strlen(text), err);
	}
	r = keg_file_write(folder, "config.json", text, strlen(text), 0666, KEG_FILE_EXCLUSIVE,
			   err);
	if (r == -KEG_EEXISTS)
		return keg_fail(err, KEG_EEXISTS, "File config.json exists. Remove it first");
	return r;
}

static int spec_run(const struct cli_call *call, struct keg_err *err)
{
	const struct spec_args *args = call->args;
	auto(keg_arena) arena = { 0 };
	struct oci_config config;
	autofd int folder = keg_open_at(AT_FDCWD, args->bundle ? args->bundle : ".",
					O_RDONLY | O_DIRECTORY, 0, err);

	if (folder < 0)
		return folder;
	runtime_config_default(&config, args->rootless, &arena);
	autojson doc = oci_config_encode(&config);
	return write_to(folder, args->file,
			json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PRETTY |
								    JSON_C_TO_STRING_PRETTY_TAB |
								    JSON_C_TO_STRING_SPACED |
								    JSON_C_TO_STRING_NOSLASHESCAPE),
			err);
}

const struct cli_cmd kegrun_spec = {
	.name = "spec",
	.summary = "Write a configuration to start from",
	.alike = "runc spec and crun spec",
	.opts = spec_opts,
	.args_size = sizeof(struct spec_args),
	.max = 0,
	.run = spec_run,
};
