/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy copy - an image from one place to another. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "cli/progress.h"
#include "cli/sign_opts.h"
#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "cmd/kegcopy/copy_format.h"
#include "image/transfer.h"

struct copy_args {
	struct side_args src, dest;
	struct side_shared shared;
	struct sign_opts sign;
	struct keg_strv additional_tags, encryption_keys, encrypt_layers, decryption_keys;
	bool all, quiet, preserve_digests;
	bool compress, decompress, accept_uncompressed, force_format;
	const char *compress_format, *format, *multi_arch, *digestfile, *sign_identity;
	uint64_t compress_level, parallel;
	struct cli_retry retry;
};

static const struct cli_opt copy_opts[] = {
	OPT_LIST(0, "additional-tag", struct copy_args, additional_tags, "TAG",
		 "Additional tags (supports docker-archive)"),
	OPT_FLAG('a', "all", struct copy_args, all, "Copy all images if SOURCE-IMAGE is a list"),
	OPT_GROUP(struct copy_args, shared, side_shared, side_shared_opts),
	OPT_LIST(0, "decryption-key", struct copy_args, decryption_keys, "KEY[:PASSPHRASE]",
		 "Key needed to decrypt the image"),
	OPT_GROUP(struct copy_args, dest, side_args, dest_side_opts),
	OPT_FLAG(0, "dest-compress", struct copy_args, compress,
		 "Compress image layers that are not compressed"),
	OPT_STRING(0, "dest-compress-format", struct copy_args, compress_format, "FORMAT",
		   "FORMAT to use for the compression: gzip, zstd, zstd:chunked"),
	OPT_UINT(0, "dest-compress-level", struct copy_args, compress_level, "LEVEL",
		 "LEVEL to use for the compression"),
	OPT_FLAG(0, "dest-decompress", struct copy_args, decompress,
		 "Decompress image layers when saving to a directory"),
	OPT_FLAG(0, "dest-force-compress-format", struct copy_args, force_format,
		 "Compress layers anew that are compressed in another format"),
	OPT_FLAG(0, "dest-oci-accept-uncompressed-layers", struct copy_args, accept_uncompressed,
		 "Allow uncompressed image layers when saving to an OCI image"),
	OPT_STRING(0, "digestfile", struct copy_args, digestfile, "FILE",
		   "Write the digest of the copied image to FILE"),
	OPT_LIST(0, "encrypt-layer", struct copy_args, encrypt_layers, "N",
		 "Encrypt the layer with the number N, from 0 on, or -1 for the last (default: "
		 "all)"),
	OPT_LIST(0, "encryption-key", struct copy_args, encryption_keys, "PROTOCOL:FILE",
		 "Key to encrypt the image with (jwe:FILE)"),
	OPT_STRING('f', "format", struct copy_args, format, "TYPE",
		   "Manifest type (oci, v2s1, or v2s2) to use in the destination"),
	OPT_UINT(0, "image-parallel-copies", struct copy_args, parallel, "N",
		 "The most blobs to copy at once (default: what suits both places)"),
	OPT_STRING(0, "multi-arch", struct copy_args, multi_arch, "WHICH",
		   "How to handle multi-architecture images (system, all, or index-only)"),
	OPT_FLAG(0, "preserve-digests", struct copy_args, preserve_digests,
		 "Preserve digests of images and lists"),
	OPT_FLAG('q', "quiet", struct copy_args, quiet,
		 "Suppress output information when copying images"),
	OPT_GROUP(struct copy_args, retry, cli_retry, cli_retry_times_opts),
	OPT_GROUP(struct copy_args, sign, sign_opts, sign_opts),
	OPT_STRING(0, "sign-identity", struct copy_args, sign_identity, "REFERENCE",
		   "Sign for REFERENCE, a full name (default: the destination's)"),
	OPT_GROUP(struct copy_args, src, side_args, src_side_opts),
	OPT_STRING(0, "dcreds", struct copy_args, dest.creds, "USERNAME[:PASSWORD]",
		   "The same as --dest-creds", .flags = CLI_HIDDEN),
	OPT_STRING(0, "screds", struct copy_args, src.creds, "USERNAME[:PASSWORD]",
		   "The same as --src-creds", .flags = CLI_HIDDEN),
	OPT_REFUSED(0, "dest-precompute-digests", NULL),
	OPT_END,
};

static void copy_defaults(void *args)
{
	struct copy_args *a = args;

	a->src.tls_verify = a->dest.tls_verify = a->shared.tls_verify = -1;
}

static int take_format(const struct copy_args *a, struct image_copy *how, struct keg_err *err)
{
	int r = media_packing_known(a->compress_format, err);

	if (r < 0)
		return r;
	if (a->force_format && !a->compress_format)
		return keg_fail(err, KEG_EUSAGE,
				"--dest-force-compress-format needs --dest-compress-format");
	how->compress_with = a->compress_format;
	return copy_format_media(a->format, &how->format, err);
}

static int take_which(const struct copy_args *a, struct image_copy *how, struct keg_err *err)
{
	if (a->all && a->multi_arch)
		return keg_fail(err, KEG_EUSAGE,
				"Cannot use --all and --multi-arch flags together");
	if (a->all || (a->multi_arch && strcmp(a->multi_arch, "all") == 0))
		how->which = IMAGE_COPY_ALL;
	else if (a->multi_arch && strcmp(a->multi_arch, "index-only") == 0)
		how->which = IMAGE_COPY_INDEX_ONLY;
	else if (a->multi_arch && strcmp(a->multi_arch, "system") != 0)
		return keg_fail(err, KEG_EUSAGE,
				"unknown multi-arch option \"%s\". Choose one of the supported "
				"options: 'system', 'all', or 'index-only'",
				a->multi_arch);
	return 0;
}

/* Each may be several, with commas between. */
static int take_layers(const struct keg_strv *words, struct keg_arena *arena,
		       struct image_copy *how, struct keg_err *err)
{
	auto(keg_strv) numbers = { 0 };

	for (size_t i = 0; i < words->n; i++)
		keg_strv_split(&numbers, words->v[i], ',');
	int *layers = keg_arena_alloc(arena, numbers.n + 1, sizeof *layers);
	for (size_t i = 0; i < numbers.n; i++) {
		if (keg_parse_int(numbers.v[i], &layers[i], err) < 0)
			return keg_wrap(err, "--encrypt-layer");
	}
	how->encrypt_layers = layers;
	how->n_encrypt_layers = numbers.n;
	return 0;
}

static int take_keys(const struct copy_args *a, struct keg_arena *arena, struct image_copy *how,
		     struct keg_err *err)
{
	if (a->encryption_keys.n > 0 && a->decryption_keys.n > 0)
		return keg_fail(err, KEG_EUSAGE,
				"--encryption-key and --decryption-key cannot be specified "
				"together");
	if (a->encrypt_layers.n > 0 && a->encryption_keys.n == 0)
		return keg_fail(err, KEG_EUSAGE,
				"--encrypt-layer can only be used with --encryption-key");
	how->encryption_keys = (const char *const *)a->encryption_keys.v;
	how->n_encryption_keys = a->encryption_keys.n;
	how->decryption_keys = (const char *const *)a->decryption_keys.v;
	how->n_decryption_keys = a->decryption_keys.n;
	return take_layers(&a->encrypt_layers, arena, how, err);
}

static int write_digest(const char *path, const struct transfer_table *transfer,
			const struct keg_buf *manifest, struct keg_err *err)
{
	autofree char *digest = NULL;

	int r = transfer->manifest_digest(manifest->data, manifest->len, &digest, err);
	if (r >= 0)
		r = keg_file_write(AT_FDCWD, path, digest, strlen(digest), 0644, 0, err);
	return r < 0 ? keg_wrap(err, "Failed to write digest to file \"%s\"", path) : r;
}

static int copy_run(const struct cli_call *call, struct keg_err *err)
{
	struct copy_args *a = call->args;
	const char *const names[] = { call->operands[0], call->operands[1], NULL };
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) manifest = { 0 };
	struct image_access src, dest;
	struct image_signing signing = { .identity = a->sign_identity };
	struct image_copy how = { .preserve_digests = a->preserve_digests,
				  .remove_signatures = a->sign.remove_signatures,
				  .compress = a->compress || a->force_format,
				  .parallel = (unsigned)(a->parallel < UINT_MAX ? a->parallel
										: UINT_MAX),
				  .decompress = a->decompress,
				  .compress_level = (int)a->compress_level };

	side_share(&a->shared, &a->src);
	side_share(&a->shared, &a->dest);
	int r = take_format(a, &how, err);
	if (r >= 0)
		r = take_which(a, &how, err);
	if (r >= 0)
		r = sign_opts_take(&a->sign, &arena, &signing, err);
	if (r >= 0)
		r = take_keys(a, &arena, &how, err);
	if (r >= 0)
		r = copy_access(call->globals, &a->src, names, &arena, &src, err);
	if (r >= 0)
		r = copy_access(call->globals, &a->dest, names, &arena, &dest, err);
	if (r >= 0)
		r = cli_retry_take(&a->retry, &src, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	dest.oci_accept_uncompressed = a->accept_uncompressed;
	dest.additional_tags = (const char *const *)a->additional_tags.v;
	dest.n_additional_tags = a->additional_tags.n;

	autoptr(cli_progress) progress = cli_progress_new(stdout, a->quiet);
	how.progress = cli_progress_sink(progress);
	const struct image_copy_names copy = { .source = names[0],
					       .dest = names[1],
					       .source_access = &src,
					       .dest_access = &dest,
					       .signing = signing };
	r = transfer->copy(&copy, &how, &manifest, err);
	if (r >= 0 && a->digestfile)
		r = write_digest(a->digestfile, transfer, &manifest, err);
	if (r >= 0)
		cli_progress_summary(progress);
	return r;
}

const struct cli_cmd cmd_copy = {
	.name = "copy",
	.operands = "SOURCE-IMAGE DESTINATION-IMAGE",
	.summary = "Copy an IMAGE-NAME from one location to another",
	.opts = copy_opts,
	.args_size = sizeof(struct copy_args),
	.defaults = copy_defaults,
	.min = 2,
	.max = 2,
	.completes = CLI_IMAGE,
	.run = copy_run,
};
