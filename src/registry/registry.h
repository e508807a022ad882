/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.h - client of the OCI distribution protocol (distribution-spec v1.1): one client
 * for a whole command, shared by its threads.
 *
 * The layer talks HTTP and knows the files that say how: registries.conf (config.h,
 * short_names.h), auth.json (auth_file.h), certs.d (certs.h). On top stand the things one
 * does in a repository: manifests and tags (manifest.h), blobs (blob.h), uploads (upload.h).
 * Below are one exchange with retries and redirects (http.h), the token protocol (auth.h,
 * challenge.h) and a registry's way of saying no (answer.h). It knows nothing of image
 * formats or of the store, and is linked into libkeg-transfer.so only.
 *
 * Whatever a registry sends is hostile: each body has a limit, redirects are counted and
 * never leave https, credentials go only to the host that they are for.
 */
#ifndef KEG_REGISTRY_REGISTRY_H
#define KEG_REGISTRY_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

/* --tls-verify: what the command line says wins over registries.conf. */
enum registry_tls {
	REGISTRY_TLS_DEFAULT, /* verified unless registries.conf says insecure */
	REGISTRY_TLS_VERIFY,  /* https with a verified certificate only */
	REGISTRY_TLS_OFF,     /* https unverified, or plain http when there is no https */
};

/* All text is borrowed until registry_client_new() returns. All zero is a good start. */
struct registry_options {
	const char *authfile; /* --authfile, else $REGISTRY_AUTH_FILE and the usual places */
	const char *username; /* --creds: instead of what the files say; NULL: the files */
	const char *password;
	const char *registry_token;	/* --registry-token: a ready bearer token */
	bool anonymous;			/* --no-creds */
	const struct keg_strv *helpers; /* registry_config_helpers(), or NULL */
	const char *cert_dir;		/* --cert-dir: instead of certs.d/<host> */
	enum registry_tls tls;
	const char *user_agent_prefix; /* before "keg" and the version; NULL: nothing */
	unsigned stall_seconds;	       /* break off a transfer without progress; 0: 60 */
	const atomic_bool *cancel;     /* may be NULL; set: transfers end soon with KEG_EBUSY */
	int64_t deadline_ns; /* of keg_monotonic_ns(): so do they when it has passed; 0: never */
};

/* Safe to use from several threads at once; so is all that is opened from it. */
struct registry_client;

int registry_client_new(const struct registry_options *options, struct registry_client **out,
			struct keg_err *err) KEG_MUST_CHECK;
/* After everything opened from it is closed. */
void registry_client_free(struct registry_client *client);
KEG_AUTOPTR(registry_client, registry_client_free)

/* Where a repository is: from the reference itself, or from registries.conf (config.h). */
struct registry_place {
	const char *host; /* "quay.io", "localhost:5000" */
	const char *path; /* "library/debian"; "" for the registry as a whole */
	bool insecure;	  /* registries.conf allows unverified TLS and plain http */
};

/* What a token is asked for. */
enum registry_access { REGISTRY_PULL, REGISTRY_PUSH, REGISTRY_DELETE };

/* One repository at one place. */
struct registry_repo;

/*
 * Find out how the registry talks (https or http, which authentication); the answer is kept
 * in the client for the next repository of the same host. Errors begin with "pinging
 * container registry HOST: ".
 */
int registry_repo_open(struct registry_client *client, const struct registry_place *place,
		       enum registry_access access, struct registry_repo **out,
		       struct keg_err *err) KEG_MUST_CHECK;
void registry_repo_close(struct registry_repo *repo);
KEG_AUTOPTR(registry_repo, registry_repo_close)

/* "HOST/PATH", for messages. */
const char *registry_repo_name(const struct registry_repo *repo);

#endif
