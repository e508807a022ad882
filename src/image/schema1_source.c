/* SPDX-License-Identifier: Apache-2.0 */
#include "image/schema1_source.h"

#include <string.h>

#include "base/mem.h"
#include "image/fetch.h"
#include "image/made_source.h"

static int fetch(struct image_source *under, const char *digest, const char *tmpdir,
		 struct made_source *into, struct keg_err *err)
{
	struct image_blob blob = { .size = -1 };

	int r = image_digest_check(digest, err);
	if (r < 0)
		return r;
	snprintf(blob.digest, sizeof blob.digest, "%s", digest);
	autofd int fd = -1;
	autoptr(stream_out) to = NULL;
	r = image_spill_open(tmpdir, &fd, &to, err);
	if (r >= 0)
		r = under->ops->blob(under, &blob, 0, to, err);
	if (r >= 0)
		r = to->finish(to, err);
	if (r >= 0)
		r = made_source_add(into, take_fd(&fd), err);
	if (r < 0)
		return r;
	const struct made_layer *layer = &into->layers[into->n_layers - 1];
	if (!keg_str_eq(layer->is.digest, digest))
		return keg_fail(err, KEG_ECORRUPT, "blob %s did not match its digest, got %s",
				digest, layer->is.digest);
	return 0;
}

static int make_config(struct made_source *src, const struct schema1 *image, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	const char **diff_ids = keg_arena_alloc(&arena, src->n_layers + 1, sizeof *diff_ids);

	for (size_t i = 0; i < src->n_layers; i++)
		diff_ids[i] = src->layers[i].is.diff_id;
	return schema1_config(image, diff_ids, src->n_layers, &src->config, err);
}

int schema1_source_new(struct image_source *under, const struct schema1 *image, const char *tmpdir,
		       struct image_source **out, struct keg_err *err)
{
	struct made_source *src = made_source_new(keg_strdup(under->name), image->n_layers);
	autoptr(image_source) owned = &src->base;
	int r = 0;

	src->base.repository = keg_strdup(under->repository);
	for (size_t i = 0; i < image->n_layers && r >= 0; i++) {
		if (!image->layers[i].throwaway)
			r = fetch(under, image->layers[i].digest, tmpdir, src, err);
	}
	if (r >= 0)
		r = make_config(src, image, err);
	if (r < 0)
		return r;
	made_source_finish(src, MANIFEST_DOCKER);
	*out = take_ptr(&owned);
	return 0;
}
