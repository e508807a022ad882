/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - the Authorization header: basic, or a bearer token fetched for a scope. */
#ifndef KEG_REGISTRY_AUTH_H
#define KEG_REGISTRY_AUTH_H

#include "registry/client.h"

/*
 * What to send for this repository, NULL when the registry asks for nothing or there is
 * nothing to show; the caller frees. Tokens are fetched once and kept until shortly before
 * they expire.
 */
int auth_header(struct registry_repo *repo, const char *also_pull, char **out,
		struct keg_err *err) KEG_MUST_CHECK;

/*
 * The registry answered 401 to `sent` (may be NULL): learn its challenges, forget that token.
 * True when another attempt makes sense.
 */
bool auth_refused(struct registry_repo *repo, const char *sent, const struct http_response *answer);

/* Replace the host's challenges by those of an answer. The host's lock is held. */
void auth_learn(struct registry_host *host, const struct http_response *answer);

void auth_forget_all(struct registry_host *host);

#endif
