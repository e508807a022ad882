/* SPDX-License-Identifier: Apache-2.0 */
/* The media types of manifests and layers: one table each, read in both directions. */
#include <string.h>

#include "base/strv.h"
#include "spec/manifest.h"

static const struct kind_row {
	enum manifest_kind kind;
	const char *media;
} kinds[] = {
	{ MANIFEST_OCI, MEDIA_OCI_MANIFEST },
	{ MANIFEST_OCI_INDEX, MEDIA_OCI_INDEX },
	{ MANIFEST_DOCKER, MEDIA_DOCKER_MANIFEST },
	{ MANIFEST_DOCKER_LIST, MEDIA_DOCKER_LIST },
	{ MANIFEST_DOCKER_SCHEMA1, MEDIA_DOCKER_SCHEMA1_SIGNED },
	{ MANIFEST_DOCKER_SCHEMA1, MEDIA_DOCKER_SCHEMA1 },
};

static const struct layer_row {
	enum manifest_kind kind;
	enum media_packing packing;
	bool foreign;
	const char *media;
} layers[] = {
	{ MANIFEST_OCI, MEDIA_GZIP, false, MEDIA_OCI_LAYER_GZIP },
	{ MANIFEST_OCI, MEDIA_ZSTD, false, MEDIA_OCI_LAYER_ZSTD },
	{ MANIFEST_OCI, MEDIA_PLAIN, false, MEDIA_OCI_LAYER },
	{ MANIFEST_DOCKER, MEDIA_GZIP, false, MEDIA_DOCKER_LAYER_GZIP },
	{ MANIFEST_DOCKER, MEDIA_PLAIN, false, MEDIA_DOCKER_LAYER },
	{ MANIFEST_OCI, MEDIA_GZIP, true,
	  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" },
	{ MANIFEST_OCI, MEDIA_ZSTD, true,
	  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd" },
	{ MANIFEST_OCI, MEDIA_PLAIN, true,
	  "application/vnd.oci.image.layer.nondistributable.v1.tar" },
	{ MANIFEST_DOCKER, MEDIA_GZIP, true,
	  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
	{ MANIFEST_DOCKER, MEDIA_PLAIN, true,
	  "application/vnd.docker.image.rootfs.foreign.diff.tar" },
};

const char *manifest_kind_media(enum manifest_kind kind)
{
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		if (kinds[i].kind == kind)
			return kinds[i].media;
	}
	return NULL;
}

enum manifest_kind manifest_kind_of_media(const char *media_type)
{
	if (!media_type)
		return MANIFEST_UNKNOWN;

	size_t len = strcspn(media_type, "; \t");
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		if (strlen(kinds[i].media) == len && memcmp(kinds[i].media, media_type, len) == 0)
			return kinds[i].kind;
	}
	return MANIFEST_UNKNOWN;
}

bool manifest_kind_is_image(enum manifest_kind kind)
{
	return kind == MANIFEST_OCI || kind == MANIFEST_DOCKER;
}

bool manifest_kind_is_index(enum manifest_kind kind)
{
	return kind == MANIFEST_OCI_INDEX || kind == MANIFEST_DOCKER_LIST;
}

static const struct layer_row *find_layer(const char *media_type)
{
	for (size_t i = 0; i < KEG_COUNT(layers); i++) {
		if (keg_str_eq(layers[i].media, media_type))
			return &layers[i];
	}
	return NULL;
}

int media_packing_known(const char *name, struct keg_err *err)
{
	static const char *const known[] = { "gzip", "zstd", "zstd:chunked" };

	for (size_t i = 0; i < KEG_COUNT(known); i++) {
		if (!name || strcmp(name, known[i]) == 0)
			return 0;
	}
	return keg_fail(err, KEG_EUSAGE,
			"cannot find compressor for \"%s\": choose gzip, zstd or zstd:chunked",
			name);
}

enum media_packing media_packing_of(const char *media_type)
{
	const struct layer_row *row = find_layer(media_type);

	return row ? row->packing : MEDIA_NOT_A_LAYER;
}

bool media_is_foreign(const char *media_type)
{
	const struct layer_row *row = find_layer(media_type);

	return row && row->foreign;
}

const char *media_layer_as(const char *media_type, enum manifest_kind kind,
			   enum media_packing packing)
{
	const struct layer_row *from = find_layer(media_type);

	for (size_t i = 0; from && i < KEG_COUNT(layers); i++) {
		if (layers[i].kind == kind && layers[i].packing == packing &&
		    layers[i].foreign == from->foreign)
			return layers[i].media;
	}
	return NULL;
}
