/* SPDX-License-Identifier: Apache-2.0 */
/* copy_chunks.h - what the descriptors of zstd:chunked layers say, in manifests that change. */
#ifndef KEG_IMAGE_COPY_CHUNKS_H
#define KEG_IMAGE_COPY_CHUNKS_H

#include "image/copy_blobs.h"

/* Does the descriptor say where the layer's table of contents is? */
bool copy_chunks_are_there(const struct descriptor *layer);

/* Where it is, in the arena; NULL when it cannot be used. */
const struct chunked_layout *copy_chunks_of(const struct descriptor *layer,
					    struct keg_arena *arena);

/*
 * Make the annotations true of the blob that the layer became: those of another blob would make
 * readers fail, which trust them. The descriptor's digest is still the one that it came with.
 */
void copy_chunks_describe(const struct copy_blob *blob, struct descriptor *layer,
			  struct keg_arena *arena);

#endif
