/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/push_options.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "base/strv.h"
#include "spec/manifest.h"

enum { LEVEL_MOST = 22 };

const struct cli_opt push_how_opts[] = {
	OPT_STRING(0, "compression-format", struct push_how, compression_format, "FORMAT",
		   "Compress layers with FORMAT: gzip, zstd, zstd:chunked"),
	OPT_STRING(0, "compression-level", struct push_how, compression_level, "LEVEL",
		   "Compress layers at LEVEL"),
	OPT_STRING(0, "digestfile", struct push_how, digestfile, "FILE",
		   "Write the digest of the pushed image to FILE"),
	OPT_FLAG(0, "force-compression", struct push_how, force_compression,
		 "Compress layers anew that are compressed in another format"),
	OPT_STRING('f', "format", struct push_how, format, "TYPE",
		   "Manifest type (oci or v2s2) to use in the destination"),
	OPT_FLAG('q', "quiet", struct push_how, quiet,
		 "Suppress output information when pushing images"),
	OPT_GROUP(struct push_how, sign, sign_opts, sign_opts),
	OPT_END,
};

static int take_compression(const struct push_how *args, struct image_copy *out,
			    struct keg_err *err)
{
	const char *format = args->compression_format;
	uint64_t level = 0;

	int r = media_packing_known(format, err);

	if (r < 0)
		return r;
	if (args->force_compression && !format)
		return keg_fail(err, KEG_EUSAGE, "--force-compression needs --compression-format");
	if (args->compression_level) {
		r = keg_parse_u64(args->compression_level, &level, err);
		if (r >= 0 && level > LEVEL_MOST)
			r = keg_fail(err, KEG_EUSAGE, "over %d", LEVEL_MOST);
		if (r < 0)
			return keg_wrap(err, "invalid --compression-level \"%s\"",
					args->compression_level);
	}
	out->compress_with = format;
	out->compress_level = (int)level;
	out->compress |= args->force_compression;
	return 0;
}

int push_how_take(const struct push_how *args, struct keg_arena *arena, struct image_copy *out,
		  struct image_signing *signing, struct keg_err *err)
{
	const char *format = args->format;

	if (format && strcmp(format, "oci") == 0)
		out->format = MEDIA_OCI_MANIFEST;
	else if (format && (strcmp(format, "v2s2") == 0 || strcmp(format, "docker") == 0))
		out->format = MEDIA_DOCKER_MANIFEST;
	else if (format)
		return keg_fail(err, KEG_EUSAGE,
				"unknown format \"%s\". Choose one of the supported formats: "
				"'oci' or 'v2s2'",
				format);
	out->remove_signatures = args->sign.remove_signatures;
	int r = take_compression(args, out, err);
	return r < 0 ? r : sign_opts_take(&args->sign, arena, signing, err);
}

int push_configured(const struct engine_config *config, struct image_copy *out, struct keg_err *err)
{
	const char *format = config->compression_format;

	/* gzip is what it is anyway; named, it would have zstd layers packed anew. */
	if (out->compress_with || keg_str_empty(format) || strcmp(format, "gzip") == 0)
		return 0;
	out->compress_with = format;
	int r = media_packing_known(format, err);
	return r < 0 ? keg_wrap(err, "compression_format in containers.conf") : 0;
}

int push_write_digest(const struct push_how *args, const char *digest, struct keg_err *err)
{
	if (!args->digestfile)
		return 0;
	int r = keg_file_write(AT_FDCWD, args->digestfile, digest, strlen(digest), 0644, 0, err);
	return r < 0 ? keg_wrap(err, "write the digest to %s", args->digestfile) : r;
}
