/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - finding and reading images. By name or id it costs one look into the index
 * (index.h), whatever the number of images. Read-only additional stores are searched after
 * our own.
 */
#ifndef KEG_STORE_IMAGE_H
#define KEG_STORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/store.h"

struct store_image {
	const char *id;
	const char *digest; /* of its manifest: "sha256:..."; "" when unknown */
	const char *layer;  /* the topmost, or "" */
	const char **names;
	size_t n_names;
	const char **history; /* names it ever had, the latest first */
	size_t n_history;
	const char **digests; /* of all manifests kept with it, `digest` first */
	size_t n_digests;
	struct timespec created;
	int64_t size;	   /* layers unpacked plus documents: what `images` shows */
	bool read_only;	   /* in an additional store */
	unsigned in_store; /* which one; 0 is ours */
};

/*
 * The image with exactly this name ("docker.io/library/debian:12") or full id.
 * KEG_ENOTFOUND otherwise. *out points into the arena.
 */
int store_image_find(struct store *store, const char *name_or_id, struct keg_arena *arena,
		     struct store_image *out, struct keg_err *err) KEG_MUST_CHECK;

/* The only image whose id begins with these hex digits; several: KEG_EUSAGE. */
int store_image_find_prefix(struct store *store, const char *prefix, struct keg_arena *arena,
			    struct store_image *out, struct keg_err *err) KEG_MUST_CHECK;

/* All images one of whose manifests has this digest; none is not an error. */
int store_image_find_digest(struct store *store, const char *digest, struct keg_arena *arena,
			    struct store_image **out, size_t *n,
			    struct keg_err *err) KEG_MUST_CHECK;

/* All images, in the order of the file. */
int store_image_list(struct store *store, struct keg_arena *arena, struct store_image **out,
		     size_t *n, struct keg_err *err) KEG_MUST_CHECK;

/*
 * A document kept with the image, appended: "manifest" is its manifest, "manifest-<digest>" that
 * or the index it came from, "<digest>" its config ("sha256:<id>", usually).
 */
int store_image_data(struct store *store, const struct store_image *image, const char *key,
		     size_t most, struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/* The file name of a document's key below overlay-images/<id>/; the caller frees. */
char *store_data_file(const char *key);

#endif
