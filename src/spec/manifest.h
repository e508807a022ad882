/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h - image manifests and indexes: OCI (manifest.md, image-index.md) and Docker's
 * version 2 schema 2. All strings live in the arena of the parse.
 */
#ifndef KEG_SPEC_MANIFEST_H
#define KEG_SPEC_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "spec/platform.h"

#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_SCHEMA1 "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"

enum { MANIFEST_BYTES_MAX = 4 << 20, MANIFEST_INDEX_MAX = 16384 /* entries of an index */ };

enum manifest_kind {
	MANIFEST_UNKNOWN = 0,
	MANIFEST_OCI,
	MANIFEST_OCI_INDEX,
	MANIFEST_DOCKER,
	MANIFEST_DOCKER_LIST,
	MANIFEST_DOCKER_SCHEMA1, /* schema1.h */
};

/* How a layer's bytes are packed, as its media type says. */
enum media_packing { MEDIA_NOT_A_LAYER = -1, MEDIA_PLAIN, MEDIA_GZIP, MEDIA_ZSTD };

struct descriptor {
	const char *media_type, *digest, *artifact_type, *data;
	int64_t size; /* >= 0 after a parse */
	const char **urls;
	size_t n_urls;
	struct keg_pair *annotations;
	size_t n_annotations;
	struct platform *platform; /* of index entries; or NULL */
};

/* An image: OCI or Docker. Layers stand lowest first. */
struct manifest {
	int schema_version;
	const char *media_type, *artifact_type;
	struct descriptor *config; /* never NULL after a parse */
	struct descriptor *layers;
	size_t n_layers;
	struct descriptor *subject;
	struct keg_pair *annotations;
	size_t n_annotations;
};

/* Several images, one for each platform. */
struct manifest_index {
	int schema_version;
	const char *media_type, *artifact_type;
	struct descriptor *manifests;
	size_t n_manifests;
	struct descriptor *subject;
	struct keg_pair *annotations;
	size_t n_annotations;
};

struct manifest_doc {
	enum manifest_kind kind;
	struct manifest image;	     /* when manifest_kind_is_image() */
	struct manifest_index index; /* when manifest_kind_is_index() */
};

const char *manifest_kind_media(enum manifest_kind kind);	   /* NULL for MANIFEST_UNKNOWN */
enum manifest_kind manifest_kind_of_media(const char *media_type); /* parameters ignored */
bool manifest_kind_is_image(enum manifest_kind kind);
bool manifest_kind_is_index(enum manifest_kind kind);

/*
 * What a document is, from its own members and, where they leave it open, from `media_type`
 * (the Content-Type it came with, or NULL). A document whose members contradict each
 * other (both layers and manifests) is MANIFEST_UNKNOWN.
 */
enum manifest_kind manifest_guess(struct json_object *root, const char *media_type);

/* The same of its bytes; MANIFEST_UNKNOWN for what is no document at all. */
enum manifest_kind manifest_kind_of(const char *text, size_t len, const char *media_type);

/*
 * Parse an image manifest or an index. KEG_ECORRUPT for what breaks the format or a limit:
 * sizes below 0, invalid digests, too many entries, more than MANIFEST_BYTES_MAX bytes.
 * Schema 1, which schema1.h is for, and unknown kinds are KEG_EUNSUPPORTED.
 */
int manifest_parse(const char *text, size_t len, const char *media_type, struct keg_arena *arena,
		   struct manifest_doc *out, struct keg_err *err) KEG_MUST_CHECK;

/* As compact JSON, appended, in the order in which the peers write the format of media_type. */
void manifest_emit(const struct manifest *image, struct keg_buf *out);
void manifest_index_emit(const struct manifest_index *index, struct keg_buf *out);

/*
 * The best entry for a platform, or NULL. Entries for the wanted platform first (the first
 * listed of the nearest variant), then one that names no platform at all.
 */
const struct descriptor *manifest_index_pick(const struct manifest_index *index,
					     const struct platform *want);

/* KEG_EUNSUPPORTED for an artifact, which has no image's configuration. */
int manifest_check_image(const struct manifest *image, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same image in a format (MANIFEST_OCI or MANIFEST_DOCKER): media types change, digests
 * stay. KEG_EUNSUPPORTED when a layer has no type there (zstd in Docker's) or what is no image is
 * to become one. The result shares text with `image`.
 */
int manifest_convert(const struct manifest *image, enum manifest_kind to, struct keg_arena *arena,
		     struct manifest *out, struct keg_err *err) KEG_MUST_CHECK;

/* KEG_EUSAGE unless layers can be packed with that: gzip, zstd, zstd:chunked. NULL is fine. */
int media_packing_known(const char *name, struct keg_err *err) KEG_MUST_CHECK;
enum media_packing media_packing_of(const char *media_type);
/* Layers whose bytes are not to be distributed (".nondistributable.", "rootfs.foreign"). */
bool media_is_foreign(const char *media_type);
/*
 * The type of a layer in a format and packing, foreign or not as `media_type` is. NULL: there is
 * none, or `media_type` is no layer's.
 */
const char *media_layer_as(const char *media_type, enum manifest_kind kind,
			   enum media_packing packing);

#endif
