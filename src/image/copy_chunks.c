/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_chunks.h"

#include "base/log.h"
#include "base/mem.h"

bool copy_chunks_are_there(const struct descriptor *layer)
{
	for (size_t i = 0; i < layer->n_annotations; i++) {
		if (keg_str_eq(layer->annotations[i].key, CHUNKED_CHECKSUM))
			return true;
	}
	return false;
}

const struct chunked_layout *copy_chunks_of(const struct descriptor *layer, struct keg_arena *arena)
{
	struct chunked_layout *layout = keg_arena_alloc(arena, 1, sizeof *layout);
	struct keg_err why;
	int r = chunked_layout_of(layer->annotations, layer->n_annotations, (uint64_t)layer->size,
				  layout, &why);

	if (r < 0)
		keg_debug("layer %s: %s", layer->digest, why.msg);
	return r > 0 ? layout : NULL;
}

static bool is_ours(const struct keg_pair *annotation)
{
	return keg_str_starts(annotation->key, CHUNKED_PREFIX) ||
	       keg_str_starts(annotation->key, CHUNKED_OLD_PREFIX);
}

static void drop_old(struct descriptor *layer, struct keg_arena *arena)
{
	struct keg_pair *kept = keg_arena_alloc(
		arena, layer->n_annotations + CHUNKED_ANNOTATIONS + 1, sizeof *kept);
	size_t n = 0;

	for (size_t i = 0; i < layer->n_annotations; i++) {
		if (!is_ours(&layer->annotations[i]))
			kept[n++] = layer->annotations[i];
	}
	layer->annotations = kept;
	layer->n_annotations = n;
}

void copy_chunks_describe(const struct copy_blob *blob, struct descriptor *layer,
			  struct keg_arena *arena)
{
	const struct chunked_layout *layout = blob->wish.chunked;

	if (keg_str_eq(layer->digest, blob->put.digest))
		return;
	drop_old(layer, arena);
	if (!layout || !*layout->checksum)
		return;
	chunked_annotate(layout, arena, layer->annotations + layer->n_annotations);
	layer->n_annotations += CHUNKED_ANNOTATIONS;
}
