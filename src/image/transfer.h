/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.h - everything that moves images, as one table. The programs do not link it:
 * HTTP, TLS, compression and hashing live in libkeg-transfer.so, which transfer_open() loads on
 * first use, so that commands that move nothing start without them.
 *
 * All functions return >= 0 or a negative code with *err filled. Texts in results are the
 * caller's to free.
 */
#ifndef KEG_IMAGE_TRANSFER_H
#define KEG_IMAGE_TRANSFER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "image/access.h"
#include "image/copy.h"
#include "image/progress.h"

/* Raised when the table changes; transfer_open() refuses another's. */
enum { TRANSFER_VERSION = 7 };

enum transfer_pull_policy {
	TRANSFER_PULL_MISSING = 0, /* only when the store has no such image */
	TRANSFER_PULL_ALWAYS,
	TRANSFER_PULL_NEWER, /* when the registry has another; its failure is no error if there
				is one here */
	TRANSFER_PULL_NEVER,
};

struct transfer_pull {
	const struct image_access *access; /* registry, platform and store */
	const char *name;		   /* a short name, a full name, or "transport:details" */
	const char *local_id; /* the image of the store that the name means now, or NULL */
	enum transfer_pull_policy policy;
	bool all_tags; /* -a: each tag of the repository */
	/*
	 * Lets the user choose one of `n` registries for a short name on a terminal: the index or
	 * negative. NULL: nobody can be asked.
	 */
	int (*choose)(void *ctx, const char *name, const char *const *choices, size_t n,
		      struct keg_err *err);
	void *choose_ctx;
	struct image_progress progress;
};

struct transfer_load {
	const struct image_access *access;
	const char *path; /* an archive or a folder; NULL or "-": standard input */
	struct image_progress progress;
};

struct transfer_save {
	const struct image_access *access;
	/* Images of the store: full names, which go along, or ids. */
	const char *const *images;
	size_t n_images;
	const char *const *tags; /* docker-archive: more names for the first image */
	size_t n_tags;
	const char *format; /* "docker-archive" (default), "oci-archive", "oci-dir", "docker-dir" */
	const char *path;   /* "/dev/stdout" or "-": standard output */
	bool compress;	    /* docker-dir only */
	struct image_progress progress;
};

struct transfer_push {
	const struct image_access *access;
	const char *image; /* of the store: a full name or an id */
	const char *dest;  /* "transport:details", or a name on a registry */
	struct image_copy how;
	struct image_signing signing;
	char **digest; /* may be NULL */
};

enum transfer_list_what { TRANSFER_LIST_ADD, TRANSFER_LIST_ANNOTATE, TRANSFER_LIST_REMOVE };

/* NULL and none: stays as it is. */
struct transfer_list_change {
	const char *os, *arch, *variant, *os_version;
	const char *const *os_features, *const *features;
	size_t n_os_features, n_features;
	const char *const *annotations; /* "key=value" */
	size_t n_annotations;
	const char *subject; /* of the list itself: an image, named as those below */
};

/* A change of a manifest list that is put together in the store. */
struct transfer_list_edit {
	const struct image_access *access;
	const char *list;     /* its id; NULL: a new one */
	const char *new_name; /* that it gets; or NULL */
	enum transfer_list_what what;
	/*
	 * ADD: "transport:details", or a name on a registry, short or full. ANNOTATE: the same, or
	 * a digest, of one entry; none: the list itself. REMOVE: digests.
	 */
	const char *const *images;
	size_t n_images;
	bool all; /* ADD: of an index each image */
	struct transfer_list_change change;
};

struct transfer_import {
	const struct image_access *access;
	const char *path;	    /* a tar of a root file system; NULL or "-": standard input */
	const char *name;	    /* for the image: short ones get localhost/; or NULL */
	const char *message;	    /* of the commit, or NULL */
	const char *const *changes; /* "CMD ...", "ENV ...", ... as Dockerfile lines */
	size_t n_changes;
	struct image_progress progress;
};

struct transfer_inspect {
	const struct image_access *access;
	const char *name;
	bool raw;    /* the bytes as they are: of the manifest, or with config, of the config */
	bool config; /* the config */
	bool no_tags;
	bool sha512; /* the manifest's digest is such a one */
};

struct transfer_sync {
	const char *from, *to; /* "docker", "dir", "yaml"; "docker", "dir" */
	const char *source, *dest;
	const struct image_access *source_access, *dest_access;
	struct image_copy how; /* for each image */
	struct image_signing signing;
	bool scoped; /* all of a source's name stays at the destination */
	const char *append_suffix;
	bool dry_run, keep_going;
	/* A line for the user: what is copied where, what is passed over and why. May be NULL. */
	void (*say)(void *ctx, const char *line);
	void *say_ctx;
};

/* Read all layers of the store, and compare them with what they were when they came. */
struct transfer_check {
	const struct image_access *access;
	void (*damaged)(void *ctx, const char *layer, const char *why);
	void *ctx;
};

/* Credentials of a registry, or of what is below a path on it. */
struct transfer_login {
	const struct image_access *access; /* authfile, certificates, TLS, registries.conf */
	const char *compat_authfile;	   /* instead of the authfile, in Docker's format */
	const char *key;		   /* "host[:port][/path]", without a scheme */
};

/* A simple signature of a manifest; standalone-sign and standalone-verify. */
struct transfer_signing {
	const void *manifest;
	size_t len;
	const char *reference;	/* that it is signed as */
	const char *key;	/* of gpg */
	const char *passphrase; /* or NULL */
};
struct transfer_verify {
	const struct keg_buf *manifest, *signature;
	const char *reference;
	const char *keys; /* fingerprints with commas between them, or "any" of public_keys */
	const struct keg_buf *public_keys; /* NULL: those that gpg has */
};

/* A signature of an image that stays where it is, on a registry. */
struct transfer_image_sign {
	const struct image_access *access;
	const char *image;     /* with or without "docker://" */
	const char *key;       /* of gpg */
	const char *directory; /* for the signatures; NULL: as registries.d says */
	bool all;	       /* the images of an index as well */
};

/* A change of policy.json. */
struct transfer_trust_set {
	const char *policy;	 /* the file, or NULL: where it is looked for */
	const char *scope;	 /* of registries, or "default" */
	const char *type;	 /* "accept", "reject", "signedBy", "sigstoreSigned" */
	const char *const *keys; /* files */
	size_t n_keys;
};

struct transfer_table {
	unsigned version;
	/* Ids of the images named by the request, pulled or already there. */
	int (*pull)(const struct transfer_pull *req, struct keg_strv *ids, struct keg_err *err);
	/* Full names, or "sha256:<id>" of what has none, of what was loaded. */
	int (*load)(const struct transfer_load *req, struct keg_strv *names, struct keg_err *err);
	int (*save)(const struct transfer_save *req, struct keg_err *err);
	int (*push)(const struct transfer_push *req, struct keg_err *err);
	int (*list_edit)(const struct transfer_list_edit *req, char **id, struct keg_err *err);
	int (*import)(const struct transfer_import *req, struct keg_strv *ids, struct keg_err *err);
	/* kegcopy: from name to name. *manifest (may be NULL) is what was written. */
	int (*copy)(const struct image_copy_names *names, struct image_copy *how,
		    struct keg_buf *manifest, struct keg_err *err);
	/* A JSON document (raw: any bytes), appended to *out. */
	int (*inspect)(const struct transfer_inspect *req, struct keg_buf *out,
		       struct keg_err *err);
	/* {"Repository": ..., "Tags": [...]} appended to *out. */
	int (*list_tags)(const struct image_access *access, const char *name, struct keg_buf *out,
			 struct keg_err *err);
	int (*remove)(const struct image_access *access, const char *name, struct keg_err *err);
	/* Appends "DIGEST NAME" to *digests for each image, also where it fails later on. */
	int (*sync)(const struct transfer_sync *req, struct keg_buf *digests, struct keg_err *err);
	int (*check)(const struct transfer_check *req, struct keg_err *err);
	/*
	 * login and logout. `find`: 1 with what is kept for the key (*username NULL: an identity
	 * token), or 0. `check`: does the registry take the user name and password of `access`?
	 * KEG_EAUTH when it refuses. `store` keeps them; *place is where. `forget`: 1 done, 0 there
	 * was nothing; without a key, everything goes.
	 */
	int (*login_find)(const struct transfer_login *req, char **username, char **password,
			  struct keg_err *err);
	int (*login_check)(const struct transfer_login *req, struct keg_err *err);
	int (*login_store)(const struct transfer_login *req, char **place, struct keg_err *err);
	int (*login_forget)(const struct transfer_login *req, struct keg_err *err);
	/* "sha256:..." of a manifest's bytes. The caller frees. */
	int (*manifest_digest)(const void *bytes, size_t len, char **out, struct keg_err *err);
	/* A pair of keys for sigstore's signatures, as PEM; appended. */
	int (*generate_key)(const char *passphrase, struct keg_buf *public_pem,
			    struct keg_buf *secret_pem, struct keg_err *err);
	/*
	 * policy.json as it stands, appended to *raw, and as rows {"transport", "name",
	 * "repo_name", "sigstore", "type", "gpg_id"}, a list that the caller puts.
	 */
	int (*trust_show)(const struct image_access *access, struct keg_buf *raw,
			  struct json_object **rows, struct keg_err *err);
	int (*image_sign)(const struct transfer_image_sign *req, struct keg_err *err);
	int (*trust_set)(const struct transfer_trust_set *req, struct keg_err *err);
	/* Appends the signature. */
	int (*sign)(const struct transfer_signing *req, struct keg_buf *signature,
		    struct keg_err *err);
	/* KEG_EDENIED unless it is good; *key that signed and *digest are the caller's. */
	int (*verify)(const struct transfer_verify *req, char **key, char **digest,
		      struct keg_err *err);
};

/*
 * The table, loaded once: libkeg-transfer.so beside the program ($ORIGIN), else in its installed
 * place. In the static library `transfer_open`. KEG_EUNSUPPORTED, naming the file, when it is
 * missing or of another version.
 */
int transfer_open(const struct transfer_table **out, struct keg_err *err) KEG_MUST_CHECK;

/* The same from a file. Its path is not looked up anywhere. */
int transfer_open_at(const char *path, const struct transfer_table **out,
		     struct keg_err *err) KEG_MUST_CHECK;

/* The one symbol that libkeg-transfer.so exports. */
extern const struct transfer_table keg_transfer;

#endif
