/* SPDX-License-Identifier: Apache-2.0 */
/* access.h - the engine and the transfers for a command, from its options and the global ones. */
#ifndef KEG_CMD_KEG_ACCESS_H
#define KEG_CMD_KEG_ACCESS_H

#include "cmd/keg/globals.h"
#include "engine/engine.h"
#include "image/access.h"

/* Options of all commands that talk to registries. */
struct access_args {
	const char *authfile, *cert_dir, *creds;
	int tls_verify; /* -1: not given */
};
extern const struct cli_opt access_opts[];

/* Which image of several an index is to give. */
struct platform_args {
	const char *os, *arch, *variant, *platform;
};
extern const struct cli_opt platform_opts[];

/* The engine that the global options describe. */
int keg_engine(const struct cli_call *call, struct engine *out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * What a transfer needs: the engine's store and the options (either may be NULL). The
 * engine enters the user namespace. Text is shared with the engine and the options, or lives
 * in the engine's arena.
 */
int keg_access(struct engine *engine, const struct access_args *args,
	       const struct platform_args *platform, struct image_access *out,
	       struct keg_err *err) KEG_MUST_CHECK;

#endif
