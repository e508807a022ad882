/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keg/image.h - copy images from anywhere to anywhere, and look at them, from a C or C++ program.
 * Link with `pkg-config --libs libkeg`.
 *
 * An image is named as kegcopy(1) and skopeo(1) name it, "transport:details":
 * "docker://docker.io/library/debian:12", "oci:/folder:tag", "containers-storage:localhost/app:1".
 * Every blob is verified against the digest that names it, the trust policy of the machine is
 * obeyed, and a destination shows the whole new image or none.
 *
 * HTTP, TLS and compression are in libkeg-transfer.so, which belongs to libkeg.so and is loaded by
 * the first call here; a program that makes none stays without.
 *
 * Threads. There is no global state: any number of threads may call any function at once. Copying
 * makes threads of its own, which have ended when the function returns. What other threads do with
 * the environment (setenv) must not coincide with a call.
 *
 * Processes and privileges. No process is made, unless auth.json names a credential helper, and no
 * namespace entered. To read and write the store (containers-storage:) an ordinary user has to be
 * in a user namespace that maps his ids, as `keg unshare` gives; all other places need nothing.
 *
 * Strings are UTF-8 and end in NUL. Functions and errors are as in keg/runtime.h: a value >= 0, or
 * a negative enum keg_runtime_code or keg_image_code with an object at *err (NULL: none is wanted)
 * for keg_runtime_error_free(); outputs are untouched then.
 */
#ifndef KEG_IMAGE_H
#define KEG_IMAGE_H

#include <keg/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Beside enum keg_runtime_code. */
enum keg_image_code {
	KEG_IMAGE_ENETWORK = 9,	 /* the other side cannot be reached, or broke off */
	KEG_IMAGE_EAUTH = 10,	 /* it wants (other) credentials */
	KEG_IMAGE_ENOIMAGE = 14, /* the place is there and holds no such image */
};

enum keg_image_access_flags {
	KEG_IMAGE_TLS_VERIFY = 1, /* https with a verified certificate, whatever is configured */
	KEG_IMAGE_TLS_OFF = 2,	  /* unverified https, or plain http */
	KEG_IMAGE_ANONYMOUS = 4,  /* no credentials, whatever auth.json says */
	KEG_IMAGE_ACCEPT_ANY = 8, /* do without the trust policy */
};

/* How to reach a place. NULL, 0: what the configuration files of the machine say. */
struct keg_image_access {
	size_t size;
	const char *authfile;		 /* in the form of auth.json */
	const char *username, *password; /* instead of what auth.json has */
	const char *registry_token;	 /* a bearer token to send as it is */
	const char *cert_dir;		 /* instead of certs.d */
	const char *os, *arch, *variant; /* which image of an index; NULL: for this machine */
	const char *policy;		 /* a policy.json */
	const char *root, *runroot;	 /* of the store: podman's --root and --runroot */
	unsigned retries;		 /* further tries after failures of the network */
	unsigned timeout_ms;		 /* for the whole call; 0: none */
	unsigned flags;			 /* enum keg_image_access_flags */
	void *reserved[6];		 /* NULL */
};
#define KEG_IMAGE_ACCESS_INIT                                                                    \
	{                                                                                        \
		sizeof(struct keg_image_access), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
			NULL, NULL, NULL, 0, 0, 0,                                               \
		{                                                                                \
			NULL                                                                     \
		}                                                                                \
	}

enum keg_image_copy_flags {
	KEG_IMAGE_ALL = 1,	  /* of an index all images and the index */
	KEG_IMAGE_INDEX_ONLY = 2, /* of an index the index alone */
	/* Fail rather than write a manifest that is not the source's byte for byte. */
	KEG_IMAGE_PRESERVE_DIGESTS = 4,
	KEG_IMAGE_COMPRESS = 8,	   /* layers that are not compressed get it */
	KEG_IMAGE_DECOMPRESS = 16, /* layers go in uncompressed */
};

struct keg_image_copy_options {
	size_t size;
	const struct keg_image_access *source, *dest; /* NULL: all defaults */
	const char *format;			      /* "oci", "v2s2"; NULL: the source's */
	const char *compression; /* "gzip", "zstd", "zstd:chunked"; NULL: gzip */
	int level;		 /* of compression; 0: its default */
	unsigned flags;		 /* enum keg_image_copy_flags */
	/* Called with what is done next, a line without a newline; from several threads, but never
	   from two at once. NULL: nobody listens. */
	void (*log)(void *data, const char *text);
	void *data;
	void *reserved[6]; /* NULL */
};
#define KEG_IMAGE_COPY_OPTIONS_INIT                                                              \
	{                                                                                        \
		sizeof(struct keg_image_copy_options), NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, \
		{                                                                                \
			NULL                                                                     \
		}                                                                                \
	}

/*
 * Copy an image, or one of an index. `options` NULL: all defaults. *digest (may be NULL) is that of
 * the manifest as the destination has it, "sha256:..."; keg_runtime_release() frees it.
 */
KEG_RUNTIME_API int keg_image_copy(const char *source, const char *dest,
				   const struct keg_image_copy_options *options, char **digest,
				   struct keg_runtime_error **err);

enum keg_image_inspect_flags {
	KEG_IMAGE_RAW = 1,     /* the bytes as they are: of the manifest or, with CONFIG, of that */
	KEG_IMAGE_CONFIG = 2,  /* the configuration */
	KEG_IMAGE_NO_TAGS = 4, /* do not ask the registry what other tags there are */
};

/*
 * What an image is, as JSON in the form of `kegcopy inspect`, without fetching its layers. *text is
 * that and a NUL, for keg_runtime_release(); returns 0 and the length in *len (may be NULL).
 */
KEG_RUNTIME_API int keg_image_inspect(const char *name, const struct keg_image_access *access,
				      unsigned flags, char **text, size_t *len,
				      struct keg_runtime_error **err);

/*
 * The tags of a repository ("docker://host/path"), or of the images in a "docker-archive:file", as
 * an array that ends in NULL; keg_runtime_release() frees it with its strings. Returns their
 * number.
 */
KEG_RUNTIME_API int keg_image_tags(const char *name, const struct keg_image_access *access,
				   char ***tags, struct keg_runtime_error **err);

/* Remove an image: from the store, or by its manifest from a registry that allows it. */
KEG_RUNTIME_API int keg_image_remove(const char *name, const struct keg_image_access *access,
				     struct keg_runtime_error **err);

#ifdef __cplusplus
}
#endif

#endif
