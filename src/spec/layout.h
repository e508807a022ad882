/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - the small documents of images kept as files: the `oci-layout` marker, and the
 * manifest.json of what `docker save` writes.
 */
#ifndef KEG_SPEC_LAYOUT_H
#define KEG_SPEC_LAYOUT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"

#define OCI_LAYOUT_FILE "oci-layout"
#define OCI_LAYOUT_TEXT "{\"imageLayoutVersion\": \"1.0.0\"}"
#define OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"

enum { LAYOUT_BYTES_MAX = 4 << 20, LAYOUT_ITEMS_MAX = 4096 };

/* KEG_ECORRUPT or KEG_EUNSUPPORTED unless the marker is of version 1. */
int layout_check(const char *text, size_t len, struct keg_err *err) KEG_MUST_CHECK;

/* One image of a docker-archive. Names are paths in the archive, lowest layer first. */
struct docker_archive_item {
	const char *config;
	const char **repo_tags, **layers;
	size_t n_repo_tags, n_layers;
};
struct docker_archive {
	struct docker_archive_item *items;
	size_t n_items;
};

int docker_archive_parse(const char *text, size_t len, struct keg_arena *arena,
			 struct docker_archive *out, struct keg_err *err) KEG_MUST_CHECK;
void docker_archive_emit(const struct docker_archive *archive, struct keg_buf *out);

#endif
