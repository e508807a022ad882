/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy sync - many images from one place to another, each under the name it has. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/progress.h"
#include "cli/sign_opts.h"
#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "cmd/kegcopy/copy_format.h"
#include "image/transfer.h"

struct sync_args {
	struct side_args src, dest;
	struct side_shared shared;
	struct sign_opts sign;
	const char *from, *to, *format, *append_suffix, *digestfile;
	bool all, scoped, dry_run, keep_going, preserve_digests;
	struct cli_retry retry;
};

static const struct cli_opt sync_opts[] = {
	OPT_FLAG('a', "all", struct sync_args, all, "Copy all images if SOURCE-IMAGE is a list"),
	OPT_STRING(0, "append-suffix", struct sync_args, append_suffix, "SUFFIX",
		   "String to append to the tags at the destination"),
	OPT_GROUP(struct sync_args, shared, side_shared, side_shared_opts),
	OPT_STRING('d', "dest", struct sync_args, to, "TRANSPORT",
		   "Transport of the destination (docker, dir)"),
	OPT_GROUP(struct sync_args, dest, side_args, dest_side_opts),
	OPT_STRING(0, "digestfile", struct sync_args, digestfile, "FILE",
		   "Write the digest and the name of each copied image to FILE"),
	OPT_FLAG(0, "dry-run", struct sync_args, dry_run, "Say what would be copied, copy nothing"),
	OPT_STRING('f', "format", struct sync_args, format, "TYPE",
		   "Manifest type (oci, v2s1, or v2s2) to use in the destination"),
	OPT_FLAG(0, "keep-going", struct sync_args, keep_going,
		 "Copy the other images where one fails, and fail at the end"),
	OPT_FLAG(0, "preserve-digests", struct sync_args, preserve_digests,
		 "Preserve digests of images and lists"),
	OPT_GROUP(struct sync_args, retry, cli_retry, cli_retry_times_opts),
	OPT_FLAG(0, "scoped", struct sync_args, scoped,
		 "Keep the whole name of the source at the destination"),
	OPT_STRING('s', "src", struct sync_args, from, "TRANSPORT",
		   "Transport of the source (docker, dir, yaml)"),
	OPT_GROUP(struct sync_args, sign, sign_opts, sign_opts),
	OPT_GROUP(struct sync_args, src, side_args, src_side_opts),
	OPT_END,
};

static void sync_defaults(void *args)
{
	struct sync_args *a = args;

	a->src.tls_verify = a->dest.tls_verify = a->shared.tls_verify = -1;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(*words, word) == 0)
			return true;
	}
	return false;
}

static int check_transports(const struct sync_args *a, struct keg_err *err)
{
	static const char *const sources[] = { "docker", "dir", "yaml", NULL };
	static const char *const dests[] = { "docker", "dir", NULL };

	if (keg_str_empty(a->from))
		return keg_fail(err, KEG_EUSAGE, "A source transport must be specified");
	if (!is_one_of(a->from, sources))
		return keg_fail(err, KEG_EUSAGE, "\"%s\" is not a valid source transport", a->from);
	if (keg_str_empty(a->to))
		return keg_fail(err, KEG_EUSAGE, "A destination transport must be specified");
	if (!is_one_of(a->to, dests))
		return keg_fail(err, KEG_EUSAGE, "\"%s\" is not a valid destination transport",
				a->to);
	if (strcmp(a->from, "dir") == 0 && strcmp(a->to, "dir") == 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"sync from 'dir' to 'dir' not implemented, consider using rsync "
				"instead");
	return 0;
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	fflush(stdout);
	fprintf(stderr, "%s\n", line);
}

static int sync_run(const struct cli_call *call, struct keg_err *err)
{
	struct sync_args *a = call->args;
	const char *const none[] = { NULL };
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) digests = { 0 };
	struct image_access src, dest;
	struct transfer_sync req = { .from = a->from,
				     .to = a->to,
				     .source = call->operands[0],
				     .dest = call->operands[1],
				     .source_access = &src,
				     .dest_access = &dest,
				     .how = { .which = a->all ? IMAGE_COPY_ALL : IMAGE_COPY_SYSTEM,
					      .preserve_digests = a->preserve_digests,
					      .remove_signatures = a->sign.remove_signatures },
				     .scoped = a->scoped,
				     .append_suffix = a->append_suffix,
				     .dry_run = a->dry_run,
				     .keep_going = a->keep_going,
				     .say = say };

	side_share(&a->shared, &a->src);
	side_share(&a->shared, &a->dest);
	int r = check_transports(a, err);
	if (r >= 0)
		r = copy_format_media(a->format, &req.how.format, err);
	if (r >= 0)
		r = sign_opts_take(&a->sign, &arena, &req.signing, err);
	if (r >= 0)
		r = copy_access(call->globals, &a->src, none, &arena, &src, err);
	if (r >= 0)
		r = copy_access(call->globals, &a->dest, none, &arena, &dest, err);
	if (r >= 0)
		r = cli_retry_take(&a->retry, &src, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	autoptr(cli_progress) progress = cli_progress_new(stdout, false);
	req.how.progress = cli_progress_sink(progress);
	r = transfer->sync(&req, &digests, err);

	/* What was copied before a failure is there, and so are its digests. */
	if (a->digestfile && !a->dry_run && (r >= 0 || digests.len > 0)) {
		struct keg_err why;
		int written = keg_file_write(AT_FDCWD, a->digestfile, keg_buf_text(&digests),
					     digests.len, 0644, 0, &why);

		if (r >= 0 && written < 0) {
			*err = why;
			r = keg_wrap(err, "Error creating digest file");
		}
	}
	if (r >= 0 && !a->dry_run)
		cli_progress_summary(progress);
	return r;
}

const struct cli_cmd cmd_sync = {
	.name = "sync",
	.operands = "SOURCE DESTINATION",
	.summary = "Synchronize one or more images from one location to another",
	.opts = sync_opts,
	.args_size = sizeof(struct sync_args),
	.defaults = sync_defaults,
	.min = 2,
	.max = 2,
	.completes = CLI_FILE,
	.run = sync_run,
};
