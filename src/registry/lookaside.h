/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookaside.h - the two places that keep simple signatures for a registry: a web server beside
 * it, and a registry that does so itself (X-Registry-Supports-Signatures, an extension of
 * OpenShift's).
 */
#ifndef KEG_REGISTRY_LOOKASIDE_H
#define KEG_REGISTRY_LOOKASIDE_H

#include "base/buf.h"
#include "base/json.h"
#include "registry/registry.h"

/*
 * What the URL holds, without credentials and with the system's trust, at most `most` bytes,
 * appended. 1, or 0 when there is nothing there.
 */
int registry_lookaside_get(struct registry_client *client, const char *url, size_t most,
			   struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/* Did the registry say that it keeps signatures? */
bool registry_keeps_signatures(const struct registry_repo *repo);

/* One that it keeps: a name that it is known by, and its bytes in base64. */
struct registry_signature {
	int64_t version;		   /* 2 */
	const char *name, *type, *content; /* type "atomic" */
};
bool registry_signature_is_atomic(const struct registry_signature *sig);

/* All of a manifest, by its digest; in the arena. */
int registry_signatures_get(struct registry_repo *repo, const char *digest, struct keg_arena *arena,
			    struct registry_signature **out, size_t *n,
			    struct keg_err *err) KEG_MUST_CHECK;

/* One more. */
int registry_signature_put(struct registry_repo *repo, const char *digest, const void *bytes,
			   size_t len, struct keg_err *err) KEG_MUST_CHECK;

#endif
