/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_file.h - credentials from where users keep them: containers-auth.json(5), Docker's
 * config.json and .dockercfg, and credential helpers (docker-credential-NAME).
 */
#ifndef KEG_REGISTRY_AUTH_FILE_H
#define KEG_REGISTRY_AUTH_FILE_H

#include "base/err.h"
#include "base/strv.h"

/* Start from {0}; all NULL: anonymous. Owned. */
struct registry_creds {
	char *username, *password;
	char *identity_token; /* an OAuth2 refresh token, instead of the two above */
};
void registry_creds_done(struct registry_creds *creds);
KEG_AUTO(registry_creds, registry_creds_done)

/*
 * Credentials for `repo` ("host[:port][/path]"). `helpers` is credential-helpers of
 * registries.conf: programs to ask in turn, where "containers-auth.json" stands for the files
 * (NULL or empty: those alone). In the files the longest key that covers `repo` counts, in the
 * first file that has one. `authfile` (may be NULL) is the explicit first one; it need not exist.
 * Returns 1 when found, 0 when there are none.
 */
int registry_auth_find(const char *authfile, const struct keg_strv *helpers, const char *repo,
		       struct registry_creds *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
