/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_file.h - credentials from where users keep them: containers-auth.json(5), Docker's
 * config.json and .dockercfg, and credential helpers (docker-credential-NAME).
 */
#ifndef KEG_REGISTRY_AUTH_FILE_H
#define KEG_REGISTRY_AUTH_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"

enum { AUTH_FILE_MOST = 4 << 20 };

/* What credential-helpers of registries.conf calls the files themselves. */
#define AUTH_FILES_HELPER "containers-auth.json"
/* Docker's name for docker.io in its own files and in the helper that it keeps all in. */
#define AUTH_DOCKER_HUB "https://index.docker.io/v1/"

/* Start from {0}; all NULL: anonymous. Owned. */
struct registry_creds {
	char *username, *password;
	char *identity_token; /* an OAuth2 refresh token, instead of the two above */
};
void registry_creds_done(struct registry_creds *creds);
KEG_AUTO(registry_creds, registry_creds_done)

/* The file that is looked into first and that a login changes. Start from {0}. */
struct auth_site {
	char *path;
	bool docker; /* in Docker's own format: names of hosts only, credsStore */
};
void auth_site_done(struct auth_site *site);
KEG_AUTO(auth_site, auth_site_done)

/*
 * --authfile, --compat-auth-file (either may be NULL, both given is KEG_EUSAGE),
 * $REGISTRY_AUTH_FILE, $DOCKER_CONFIG, or containers/auth.json below $XDG_RUNTIME_DIR.
 */
int auth_site_find(const char *authfile, const char *compat, struct auth_site *out,
		   struct keg_err *err) KEG_MUST_CHECK;

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
