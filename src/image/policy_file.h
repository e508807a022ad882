/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_file.h - policy.json (containers-policy.json(5)) as it stands: for each scope of each
 * transport the requirements that an image must meet. Strict: what is not understood in full
 * is an error, for a requirement that is overlooked is one that does not hold.
 */
#ifndef KEG_IMAGE_POLICY_FILE_H
#define KEG_IMAGE_POLICY_FILE_H

#include "base/json.h"
#include "base/strv.h"

#define POLICY_SYSTEM_FILE "/etc/containers/policy.json"
enum { POLICY_BYTES_MAX = 4 << 20 };

enum policy_type {
	POLICY_ACCEPT,
	POLICY_REJECT,
	POLICY_SIGNED_BY,
	POLICY_SIGNED_BASE_LAYER,
	POLICY_SIGSTORE,
};

enum policy_match {
	POLICY_MATCH_REPO_DIGEST_OR_EXACT, /* when nothing is said */
	POLICY_MATCH_EXACT,
	POLICY_MATCH_REPOSITORY,
	POLICY_EXACT_REFERENCE,
	POLICY_EXACT_REPOSITORY,
	POLICY_REMAP_IDENTITY,
};

/* Which name a signature must have been made for. */
struct policy_identity {
	const char *type;
	const char *reference, *repository; /* exact... */
	const char *prefix, *signed_prefix; /* remapIdentity */
	enum policy_match match;
};

/* Keys or certificates: files, or base64 in the policy itself. At most one member is set. */
struct policy_source {
	const char *path, *data;
	const char **paths, **datas;
	size_t n_paths, n_datas;
};

struct policy_fulcio {
	struct policy_source ca;
	const char *issuer, *email;
};

struct policy_pki {
	struct policy_source roots, intermediates;
	const char *email, *hostname;
};

struct policy_rule {
	const char *type_name;
	enum policy_type type;
	const char *key_type; /* signedBy: "GPGKeys" and others */
	struct policy_source keys, rekor;
	struct policy_fulcio *fulcio;
	struct policy_pki *pki;
	struct policy_identity *identity; /* never NULL for what is signed */
};

struct policy_rules {
	struct policy_rule *v;
	size_t n; /* not 0 */
};

/* Owns all that is below it. */
struct policy_file;

/* The message says what is wrong in the peers' words; KEG_ECORRUPT. */
int policy_file_parse(const char *text, size_t len, struct policy_file **out,
		      struct keg_err *err) KEG_MUST_CHECK;
/* "invalid policy in "PATH": ..." */
int policy_file_read(const char *path, struct policy_file **out,
		     struct keg_err *err) KEG_MUST_CHECK;
void policy_file_free(struct policy_file *file);
KEG_AUTOPTR(policy_file, policy_file_free)

/* What holds for an image of which `scopes` are the names, most specific first. Never NULL. */
const struct policy_rules *policy_file_find(const struct policy_file *file, const char *transport,
					    const struct keg_strv *scopes);

/* Where the policy is: the one named, the user's, the system's; NULL: nowhere. Caller frees. */
char *policy_file_path(const char *named);

#endif
