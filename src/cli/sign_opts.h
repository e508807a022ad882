/* SPDX-License-Identifier: Apache-2.0 */
/* sign_opts.h - the options of those who copy images and may sign them. */
#ifndef KEG_CLI_SIGN_OPTS_H
#define KEG_CLI_SIGN_OPTS_H

#include "base/mem.h"
#include "cli/cli.h"
#include "image/signer.h"

struct sign_opts {
	const char *gpg_key, *sigstore_key, *sigstore_params, *passphrase_file;
	bool remove_signatures;
};
extern const struct cli_opt sign_opts[];

/*
 * Fill *out; a passphrase is read from its file or, for a sigstore key, asked for. Text is shared
 * with the options or lives in the arena.
 */
int sign_opts_take(const struct sign_opts *opts, struct keg_arena *arena, struct image_signing *out,
		   struct keg_err *err) KEG_MUST_CHECK;

/* The first line of a file, without its end. */
int sign_passphrase_read(const char *path, struct keg_arena *arena, const char **out,
			 struct keg_err *err) KEG_MUST_CHECK;
/* Typed at the terminal, for the key in `file`. */
int sign_passphrase_ask(const char *file, struct keg_arena *arena, const char **out,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
