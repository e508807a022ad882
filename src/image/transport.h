/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport.h - places that images come from and go to.
 *
 * The layer `image` moves images between places and knows no command line. One file a place:
 * docker_transport.c, docker_daemon.c, oci_transport.c, oci_archive.c, docker_archive.c,
 * dir_transport.c, tarball.c, sif.c, storage_source.c and storage_dest.c. copy.c moves one image or
 * a whole index from a source to a destination, pull.c and archive_load.c drive it for the engine,
 * policy.c says what may be moved, transfer.c gives all of it to the programs through one table.
 *
 * Nothing a source gives is trusted: blobs are verified by copy.c against the digest and the
 * size in the manifest that names them, manifests against the digest they were asked by.
 */
#ifndef KEG_IMAGE_TRANSPORT_H
#define KEG_IMAGE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/chunked.h"
#include "archive/compress.h"
#include "archive/stream.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "image/access.h"
#include "image/signature.h"
#include "registry/blob_range.h"
#include "spec/digest.h"
#include "spec/manifest.h"

enum { IMAGE_CONFIG_LAYER = -1 };

/* A blob as a manifest names it. */
struct image_blob {
	char digest[DIGEST_SHA512_LEN + 1]; /* "" when not known yet */
	int64_t size;			    /* -1 when not known */
	const char *media_type;		    /* NULL or borrowed from the manifest */
	int layer;			    /* position in the manifest, or IMAGE_CONFIG_LAYER */
	/* Where a layer of zstd:chunked has its table, if parts of it may be fetched, else NULL. */
	const struct chunked_layout *chunks;

	/*
	 * Of a layer that is packed on the way, so that its digest is "": that of the plain one
	 * (NULL: it is not packed), and how it will be packed. A source knows of a plain layer
	 * what blob it once came as ("" or NULL: nothing).
	 */
	const char *plain, *came_as;
	enum compression packing; /* of what it becomes, or of what it came as */
	bool any_packing;	  /* another would do as well */
	bool again; /* after a put() that failed: with the bytes from their start it may succeed */
};

struct image_reporter;
struct image_source;
struct image_source_ops {
	/*
	 * The manifest or index: of `instance` (a digest) or, when NULL, what the reference
	 * names. Appended to *out; *media_type is the caller's to free, NULL when unknown.
	 */
	int (*manifest)(struct image_source *src, const char *instance, struct keg_buf *out,
			char **media_type, struct keg_err *err);
	/*
	 * A blob's bytes into `to`, which is not finished; from offset `from` on, which is 0
	 * unless the source is resumable. Called from several threads at once.
	 */
	int (*blob)(struct image_source *src, const struct image_blob *blob, uint64_t from,
		    struct stream_out *to, struct keg_err *err);
	/*
	 * May be NULL: only whole blobs are given. Parts of a blob into `to`, one after the other;
	 * they ascend and do not touch. KEG_EUNSUPPORTED when it turns out to be impossible.
	 */
	int (*parts)(struct image_source *src, const struct image_blob *blob,
		     const struct registry_range *ranges, size_t n, struct stream_out *to,
		     struct keg_err *err);
	/* May be NULL. Layers as this source really gives them (the store: uncompressed), in
	 * the manifest's order: those differ from the manifest's. Returns 1, or 0: no change. */
	int (*real_layers)(struct image_source *src, const char *instance, struct image_blob *out,
			   size_t n, struct keg_err *err);
	/*
	 * May be NULL: nothing is signed there. The signatures of what manifest() gives for the
	 * same `instance`, which was asked for before; appends.
	 */
	int (*signatures)(struct image_source *src, const char *instance, struct signatures *out,
			  struct keg_err *err);
	/* May be NULL: the place has no tags. Appends. */
	int (*tags)(struct image_source *src, struct keg_strv *out, struct keg_err *err);
	void (*free)(struct image_source *src);
};

/* Embedded first in each transport's own struct. */
struct image_source {
	const struct image_source_ops *ops;
	char *name;	       /* "docker://host/repo:tag", as messages and transports print it */
	char *repository;      /* "host/repo" when it has a docker name, else NULL */
	char *pinned;	       /* the digest in the reference, or NULL */
	char *reference;       /* the whole docker name, "host/repo:tag", or NULL: it has none */
	bool resumable;	       /* worth keeping partial blobs of: a network lies between */
	unsigned max_parallel; /* blobs at once; 0: no opinion */
	int64_t deadline_ns;   /* of keg_monotonic_ns(): blobs break off then; 0: never */
};

enum image_compression {
	IMAGE_KEEP = 0,	  /* layers as they come */
	IMAGE_COMPRESS,	  /* what is not compressed gets it */
	IMAGE_DECOMPRESS, /* layers go in uncompressed */
};

struct image_dest;
struct image_dest_ops {
	/*
	 * May be NULL. Told before any blob what image comes: its manifest as the source has it
	 * and the bytes of its configuration.
	 */
	int (*plan)(struct image_dest *dst, const struct manifest *image, const void *config,
		    size_t len, struct keg_err *err);
	/* May be NULL: the index that the image was chosen from, for those who keep it. */
	int (*toplevel)(struct image_dest *dst, const void *bytes, size_t len, struct keg_err *err);
	/*
	 * Is the blob there already? 1: *have is what to write in the manifest (it may name an
	 * equivalent blob when `substitute`), 0: no. Called before any put_blob of this blob.
	 * With takes_packed also for what is to be packed: 1 fills digest, size and packing.
	 */
	int (*reuse)(struct image_dest *dst, const struct image_blob *blob, bool substitute,
		     struct image_blob *have, struct keg_err *err);
	/*
	 * Take a blob; digest and size may be unknown (""/-1) and are then found here. *put
	 * gets both. Called from several threads at once. On failure, also one that `from`
	 * reports at the very end, the blob is not there. `from` stays the caller's.
	 */
	int (*put)(struct image_dest *dst, const struct image_blob *blob, struct stream_in *from,
		   struct image_blob *put, struct keg_err *err);
	/*
	 * May be NULL. As put(), from a source that gives parts of the blob, of which only those
	 * that are not here are fetched. 1: done, 0: to be fetched as a whole.
	 */
	int (*put_parts)(struct image_dest *dst, struct image_source *src,
			 const struct image_blob *blob, struct image_reporter *reporter,
			 struct image_blob *put, struct keg_err *err);
	/* `instance` is its digest below an index, or NULL for what the reference names. */
	int (*put_manifest)(struct image_dest *dst, const void *bytes, size_t len,
			    const char *media_type, const char *instance, struct keg_err *err);
	/*
	 * May be NULL: no signatures can be kept there, as `no_signatures` says. Those of the
	 * manifest that was put last for the same `instance`, instead of any that are there.
	 */
	int (*put_signatures)(struct image_dest *dst, const struct signatures *sigs,
			      const char *instance, struct keg_err *err);
	/* Make everything visible at once. Without it nothing remains of what was put. */
	int (*commit)(struct image_dest *dst, struct keg_err *err);
	void (*free)(struct image_dest *dst);
};

struct image_dest {
	const struct image_dest_ops *ops;
	char *name;
	char *reference;		/* the whole docker name, or NULL: it has none */
	const char *no_signatures;	/* why there is no put_signatures */
	const char *const *media_types; /* manifests it takes, best first; NULL: all */
	size_t n_media_types;
	enum image_compression compression;
	char *spool_dir;    /* folder for partial blobs that a retry continues, or NULL */
	bool takes_schema1; /* manifests of Docker's first format */
	/* What such a manifest must call the image; docker_path NULL: nobody looks at that. */
	const char *docker_path, *docker_tag;
	bool takes_urls;    /* layers that the manifest gives URLs of stay there */
	bool takes_index;   /* several images below one reference */
	bool each_layer;    /* wants a blob that is several layers once for each */
	bool takes_packed;  /* see reuse() */
	bool remote;	    /* a network lies between */
	bool lied;	    /* refused a manifest for blobs it lacks: reuse() says no from now on */
	const char *origin; /* the engine's: where all of it comes from ("host/path") or NULL */
	unsigned max_parallel; /* puts at once; 0: no opinion */
};

/* What the words before the colon name. An access outlives what was opened with it. */
struct image_transport {
	const char *name; /* "docker", "oci", ... */
	/* Is `rest` (what follows "name:") well formed? The message is the peers'. */
	int (*check)(const char *rest, struct keg_err *err);
	int (*source)(const char *rest, const struct image_access *access,
		      struct image_source **out, struct keg_err *err);
	int (*dest)(const char *rest, const struct image_access *access, struct image_dest **out,
		    struct keg_err *err);
	/* The scopes of policy.json for `rest`, most specific first; appends. */
	int (*scopes)(const char *rest, const struct image_access *access, struct keg_strv *out,
		      struct keg_err *err);
	/* May be NULL: images cannot be deleted there. */
	int (*remove)(const char *rest, const struct image_access *access, struct keg_err *err);
};

extern const struct image_transport image_transport_docker;
extern const struct image_transport image_transport_oci;
extern const struct image_transport image_transport_oci_archive;
extern const struct image_transport image_transport_docker_archive;
extern const struct image_transport image_transport_docker_daemon;
extern const struct image_transport image_transport_dir;
extern const struct image_transport image_transport_sif;
extern const struct image_transport image_transport_storage;
extern const struct image_transport image_transport_tarball;

/*
 * Split "transport:details"; *rest points into `text`. KEG_EUSAGE with the peers' words when
 * the transport is unknown or the details are malformed.
 */
int image_name_parse(const char *text, const struct image_transport **transport, const char **rest,
		     struct keg_err *err) KEG_MUST_CHECK;

/* The text, or where it names no transport, "docker://" and the text. The caller frees. */
char *image_name_or_docker(const char *text);

/* "docker, oci, ...": for messages and help. The caller frees. */
char *image_transport_names(void);

static inline void image_source_free(struct image_source *src)
{
	src->ops->free(src);
}
KEG_AUTOPTR(image_source, image_source_free)

static inline void image_dest_free(struct image_dest *dst)
{
	dst->ops->free(dst);
}
KEG_AUTOPTR(image_dest, image_dest_free)

/* All of a small blob, verified; KEG_ECORRUPT when it is not what its digest says. */
int image_source_blob_read(struct image_source *src, const struct image_blob *blob, size_t most,
			   struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/* A manifest, verified against `instance` or the digest in the reference where there is one. */
int image_source_manifest(struct image_source *src, const char *instance, struct keg_buf *out,
			  char **media_type, struct keg_err *err) KEG_MUST_CHECK;

#endif
