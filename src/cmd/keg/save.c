/* SPDX-License-Identifier: Apache-2.0 */
/* keg save, keg image save - images of the store into an archive or a folder. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/image_find.h"
#include "image/transfer.h"

struct save_args {
	const char *format, *output;
	bool compress, several, quiet, uncompressed;
};

static const struct cli_opt save_opts[] = {
	OPT_FLAG(0, "compress", struct save_args, compress,
		 "Compress layers when the format is docker-dir"),
	OPT_STRING(0, "format", struct save_args, format, "FORMAT",
		   "Save as docker-archive (default), docker-dir, oci-archive or oci-dir"),
	OPT_FLAG('m', "multi-image-archive", struct save_args, several,
		 "Interpret additional arguments as images, not as tags, for one docker-archive"),
	OPT_STRING('o', "output", struct save_args, output, "PATH",
		   "Write to a file or folder, default is standard output"),
	OPT_FLAG('q', "quiet", struct save_args, quiet, "Suppress the output"),
	OPT_FLAG(0, "uncompressed", struct save_args, uncompressed,
		 "Leave layers uncompressed in an OCI format"),
	OPT_END,
};

static bool is_archive(const struct save_args *args)
{
	return !args->format || strcmp(args->format, "docker-archive") == 0;
}

static int check_options(const struct cli_call *call, struct keg_err *err)
{
	const struct save_args *args = call->args;

	if (args->compress && (!args->format || !strstr(args->format, "dir")))
		return keg_fail(err, KEG_EUSAGE,
				"--compress can only be set when --format is 'docker-dir' or "
				"'oci-dir'");
	if (args->uncompressed && (!args->format || strncmp(args->format, "oci", 3) != 0))
		return keg_fail(err, KEG_EUSAGE,
				"--uncompressed can only be set when --format is 'oci-archive' or "
				"'oci-dir'");
	if (call->n_operands > 1 && !is_archive(args))
		return keg_fail(err, KEG_EUSAGE,
				"several images or tags can only be saved in format "
				"'docker-archive'");
	if (args->format && strstr(args->format, "dir") && !args->output)
		return keg_fail(err, KEG_EUSAGE, "format %s wants a folder: --output",
				args->format);
	if (!args->output && isatty(STDOUT_FILENO))
		return keg_fail(err, KEG_EUSAGE,
				"refusing to save to terminal. Use -o flag or redirect");
	return 0;
}

/* The names by which images are asked for, in the engine's arena. */
static int find_images(const struct cli_call *call, struct engine *engine, int n,
		       struct keg_strv *out, struct keg_err *err)
{
	struct store *store;
	int r = engine_store(engine, &store, err);

	for (int i = 0; r >= 0 && i < n; i++) {
		struct store_image image;
		const char *name;

		r = image_find(store, call->operands[i], &engine->arena, &image, &name, err);
		if (r >= 0)
			keg_strv_add(out, *name ? name : image.id);
	}
	return r;
}

static int save_run(const struct cli_call *call, struct keg_err *err)
{
	const struct save_args *args = call->args;
	const struct transfer_table *transfer;
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) images = { 0 };
	struct image_access access;
	int n = args->several ? call->n_operands : 1;
	int r = check_options(call, err);

	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = keg_access(&engine, NULL, NULL, &access, err);
	if (r >= 0)
		r = find_images(call, &engine, n, &images, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	access.oci_accept_uncompressed = args->uncompressed;
	autoptr(cli_progress) progress = cli_progress_new(stderr, args->quiet);
	const struct transfer_save req = {
		.access = &access,
		.images = (const char *const *)images.v,
		.n_images = images.n,
		.tags = (const char *const *)call->operands + n,
		.n_tags = (size_t)(call->n_operands - n),
		.format = args->format,
		.path = args->output ? args->output : "-",
		.compress = args->compress,
		.progress = cli_progress_sink(progress),
	};
	return transfer->save(&req, err);
}

const struct cli_cmd cmd_save = {
	.name = "save",
	.operands = "IMAGE [TAG...]",
	.summary = "Save image(s) to an archive",
	.opts = save_opts,
	.args_size = sizeof(struct save_args),
	.min = 1,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = save_run,
};
