/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema1.h - Docker's first format of manifests, version 2 schema 1: each layer has a history
 * entry that is JSON in a string, the last one of which is the configuration. Nobody writes it
 * any more unless asked, but old registries are full of it.
 */
#ifndef KEG_SPEC_SCHEMA1_H
#define KEG_SPEC_SCHEMA1_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "spec/image_config.h"
#include "spec/manifest.h"

/* The gzipped empty tar that stands for a history entry without a layer. */
#define SCHEMA1_EMPTY_DIGEST \
	"sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4"
extern const unsigned char schema1_empty_layer[32];

struct schema1_layer {
	const char *digest;
	const char *compatibility; /* the history entry, JSON */
	const char *id, *parent, *created, *author, *comment;
	const char *command; /* the words of container_config.Cmd */
	bool throwaway;	     /* no layer of the image: history only */
};

/* Layers stand lowest first, unlike in the document. All strings live in the arena. */
struct schema1 {
	const char *name, *tag, *architecture;
	struct schema1_layer *layers;
	size_t n_layers; /* > 0 */
};

/*
 * KEG_ECORRUPT for what breaks the format: no layers, another number of history entries, ids
 * that are none or twice there, a parent that is not the layer below. An entry that repeats the
 * one below it is left out. Signatures are not looked at.
 */
int schema1_parse(const char *text, size_t len, struct keg_arena *arena, struct schema1 *out,
		  struct keg_err *err) KEG_MUST_CHECK;

/* The document without signatures, appended; what it is for may be renamed before. */
void schema1_emit(const struct schema1 *image, struct keg_buf *out);

/*
 * The configuration of the same image in schema 2, appended: `diff_ids` of the layers that are
 * not thrown away, lowest first.
 */
int schema1_config(const struct schema1 *image, const char *const *diff_ids, size_t n,
		   struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The other way: an image of schema 2 whose configuration is the `len` bytes of `config`. With
 * fewer layers than its history needs, or no history at all, it is KEG_EUNSUPPORTED.
 */
int schema1_of_image(const struct manifest *image, const char *config, size_t len,
		     struct keg_arena *arena, struct schema1 *out,
		     struct keg_err *err) KEG_MUST_CHECK;

/*
 * What the digest of a manifest is taken of: of a signed one of schema 1 what was signed,
 * appended to *payload (1), of any other its bytes as they are (0). Each signature says what
 * it signs (RFC 7515 with the members that Docker added); KEG_ECORRUPT when they differ.
 */
int schema1_payload(const void *bytes, size_t len, struct keg_buf *payload,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
