/* SPDX-License-Identifier: Apache-2.0 */
/* push_options.h - how images go out: the options that `push` and `manifest push` share. */
#ifndef KEG_CMD_KEG_PUSH_OPTIONS_H
#define KEG_CMD_KEG_PUSH_OPTIONS_H

#include "cli/sign_opts.h"
#include "cmd/keg/access.h"
#include "engine/config.h"
#include "image/transfer.h"

struct push_how {
	const char *compression_format, *compression_level, *digestfile, *format;
	bool force_compression, quiet;
	struct sign_opts sign;
};
extern const struct cli_opt push_how_opts[];

/* Adds to *out. Text is shared with the options or lives in the arena. */
int push_how_take(const struct push_how *args, struct keg_arena *arena, struct image_copy *out,
		  struct image_signing *signing, struct keg_err *err) KEG_MUST_CHECK;

/* What containers.conf says where the options say nothing. */
int push_configured(const struct engine_config *config, struct image_copy *out,
		    struct keg_err *err) KEG_MUST_CHECK;

/* Where --digestfile is given. */
int push_write_digest(const struct push_how *args, const char *digest,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
