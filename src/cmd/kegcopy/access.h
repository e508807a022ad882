/* SPDX-License-Identifier: Apache-2.0 */
/* access.h - the options that say how to reach an image, and what follows from them. */
#ifndef KEG_CMD_KEGCOPY_ACCESS_H
#define KEG_CMD_KEGCOPY_ACCESS_H

#include "base/mem.h"
#include "cli/retry.h"
#include "cmd/kegcopy/globals.h"
#include "image/access.h"

/* Of one image; `copy` has two of them, with src- and dest- before the names. */
struct side_args {
	const char *authfile, *cert_dir, *creds, *username, *password, *registry_token;
	const char *shared_blob_dir, *daemon_host;
	bool no_creds;
	int tls_verify; /* -1: not given */
};
extern const struct cli_opt side_opts[], src_side_opts[], dest_side_opts[];

/* What both images of a copy share, where one was not given its own. */
struct side_shared {
	const char *authfile;
	int tls_verify; /* -1: not given */
};
extern const struct cli_opt side_shared_opts[];
void side_share(const struct side_shared *shared, struct side_args *side);

/*
 * Fill *out from the options; text is shared with them or lives in the arena. When one of the
 * `names` is in the store, an ordinary user's namespace is entered.
 */
int copy_access(const struct copy_globals *globals, const struct side_args *side,
		const char *const *names, struct keg_arena *arena, struct image_access *out,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
