/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers-storage: as a source, and the transport. Layers are kept unpacked; with their
 * tar-split they are put together again bit for bit, so that what is sent has the digest that
 * the configuration names. The manifest still names the blobs that once came: real_layers()
 * says what there is instead.
 */
#include "image/storage_source.h"

#include <pthread.h>

#include "base/mem.h"
#include "image/digest_of.h"
#include "image/layer_tar.h"
#include "image/local_list.h"
#include "image/scopes.h"
#include "image/storage_dest.h"
#include "image/storage_signatures.h"
#include "spec/image_config.h"
#include "store/layer.h"
#include "store/remove.h"

struct storage_source {
	struct image_source base;
	struct store *store;
	pthread_mutex_t lock; /* around the store: it is for one thread at a time */
	struct storage_ref ref;
	struct keg_arena arena;
	struct store_image image;
	struct store_layer *layers; /* lowest first */
	size_t n_layers;

	/* A manifest list that is put together here: its images are anywhere. */
	const struct image_access *access;
	bool is_list;
	struct image_source *entry; /* the one that was asked for last, or NULL */
};

static int read_data(struct storage_source *src, const char *key, struct keg_buf *out,
		     struct keg_err *err)
{
	pthread_mutex_lock(&src->lock);
	int r = store_image_data(src->store, &src->image, key, MANIFEST_BYTES_MAX, out, err);
	pthread_mutex_unlock(&src->lock);
	return r;
}

/* From here on blobs are those of this entry: of images below a list one is moved at a time. */
static int list_manifest(struct storage_source *src, const char *digest, struct keg_buf *out,
			 char **media_type, struct keg_err *err)
{
	auto(keg_buf) toplevel = { 0 };
	char toplevel_digest[DIGEST_SHA256_LEN + 1];

	if (src->entry)
		image_source_free(take_ptr(&src->entry));
	pthread_mutex_lock(&src->lock);
	int r = local_list_source(src->store, &src->image, digest, src->access, &src->entry, err);
	pthread_mutex_unlock(&src->lock);
	if (r >= 0)
		r = image_source_manifest(src->entry, NULL, &toplevel, media_type, err);
	if (r < 0)
		return r;
	image_digest_of(toplevel_digest, toplevel.data, toplevel.len);
	if (keg_str_eq(toplevel_digest, digest)) {
		keg_buf_add(out, toplevel.data, toplevel.len);
		return 0;
	}
	free(take_ptr(media_type));
	return image_source_manifest(src->entry, digest, out, media_type, err);
}

static int storage_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			    char **media_type, struct keg_err *err)
{
	struct storage_source *src = (struct storage_source *)source;
	const char *digest = instance ? instance : src->ref.named ? src->ref.ref.digest : NULL;

	*media_type = NULL;
	if (!digest)
		return read_data(src, "manifest", out, err);
	if (instance && src->is_list)
		return list_manifest(src, instance, out, media_type, err);
	autofree char *key = keg_printf("manifest-%s", digest);
	return read_data(src, key, out, err);
}

static int open_layer(struct storage_source *src, const struct store_layer *layer, int *tree,
		      int *split, struct keg_err *err)
{
	pthread_mutex_lock(&src->lock);
	*tree = store_layer_open_diff(src->store, layer, err);
	*split = *tree < 0 ? -1 : store_layer_open_split(src->store, layer, err);
	pthread_mutex_unlock(&src->lock);
	return *split < 0 ? -(int)err->code : 0;
}

static int send_layer(struct storage_source *src, const struct store_layer *layer,
		      struct stream_out *to, struct keg_err *err)
{
	autofd int tree = -1, split = -1;

	int r = open_layer(src, layer, &tree, &split, err);
	if (r >= 0)
		r = layer_tar_send(take_fd(&split), tree, to, err);
	return r < 0 ? keg_wrap(err, "layer %s", layer->id) : r;
}

static int storage_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
			struct stream_out *to, struct keg_err *err)
{
	struct storage_source *src = (struct storage_source *)source;

	if (from != 0)
		keg_bug("the store is no resumable source");
	if (src->entry)
		return src->entry->ops->blob(src->entry, blob, 0, to, err);
	if (blob->layer != IMAGE_CONFIG_LAYER)
		return send_layer(src, &src->layers[blob->layer], to, err);

	auto(keg_buf) bytes = { 0 };
	int r = read_data(src, blob->digest, &bytes, err);
	return r < 0 ? r : to->write(to, keg_buf_text(&bytes), bytes.len, err);
}

static int storage_real_layers(struct image_source *source, const char *instance,
			       struct image_blob *out, size_t n, struct keg_err *err)
{
	struct storage_source *src = (struct storage_source *)source;

	if (src->entry)
		return src->entry->ops->real_layers
			       ? src->entry->ops->real_layers(src->entry, instance, out, n, err)
			       : 0;
	if (n != src->n_layers)
		return keg_fail(err, KEG_ECORRUPT,
				"image %s has %zu layers, and its manifest names %zu",
				src->image.id, src->n_layers, n);
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct image_blob){ .size = src->layers[i].diff_size, .layer = (int)i };
		snprintf(out[i].digest, sizeof out[i].digest, "%s", src->layers[i].diff_digest);
		if (src->layers[i].compression == STORE_GZIP ||
		    src->layers[i].compression == STORE_ZSTD) {
			out[i].came_as = src->layers[i].compressed_digest;
			out[i].packing = src->layers[i].compression == STORE_GZIP
						 ? COMPRESSION_GZIP
						 : COMPRESSION_ZSTD;
		}
	}
	return 1;
}

static void storage_source_free(struct image_source *source)
{
	struct storage_source *src = (struct storage_source *)source;

	if (src->entry)
		image_source_free(src->entry);
	pthread_mutex_destroy(&src->lock);
	keg_arena_done(&src->arena);
	storage_ref_done(&src->ref);
	if (src->store)
		store_close(src->store);
	free(src->base.name);
	free(src->base.repository);
	free(src->base.reference);
	free(src);
}

static int storage_signatures(struct image_source *source, const char *instance,
			      struct signatures *out, struct keg_err *err)
{
	struct storage_source *src = (struct storage_source *)source;

	pthread_mutex_lock(&src->lock);
	int r = storage_signatures_read(src->store, &src->image, instance, out, err);
	pthread_mutex_unlock(&src->lock);
	return r;
}

static const struct image_source_ops storage_source_ops = {
	.manifest = storage_manifest,
	.signatures = storage_signatures,
	.blob = storage_blob,
	.real_layers = storage_real_layers,
	.free = storage_source_free,
};

int storage_source_open(const char *rest, const struct image_access *access,
			struct image_source **out, struct keg_err *err)
{
	struct storage_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &storage_source_ops;
	src->access = access;
	pthread_mutex_init(&src->lock, NULL);
	autoptr(image_source) owned = &src->base;

	int r = storage_ref_parse(rest, &src->ref, err);
	if (r >= 0)
		r = storage_ref_open(&src->ref, access, &src->store, err);
	if (r >= 0)
		r = storage_ref_resolve(&src->ref, src->store, &src->arena, &src->image, err);
	if (r >= 0 && src->image.layer[0])
		r = store_layer_chain(src->store, src->image.layer, &src->arena, &src->layers,
				      &src->n_layers, err);
	if (r < 0)
		return r;
	src->is_list = local_list_is(src->store, &src->image);
	autofree char *text = storage_ref_format(&src->ref, src->store);
	src->base.name = keg_printf("containers-storage:%s", text);
	if (src->ref.named) {
		src->base.repository = reference_name(&src->ref.ref);
		src->base.reference = reference_format(&src->ref.ref);
	}
	*out = take_ptr(&owned);
	return 0;
}

static int storage_check(const char *rest, struct keg_err *err)
{
	auto(storage_ref) ref = { 0 };

	return storage_ref_parse(rest, &ref, err);
}

static int storage_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
			  struct keg_err *err)
{
	auto(storage_ref) ref = { 0 };
	auto(store_config) config = { 0 };

	int r = storage_ref_parse(rest, &ref, err);
	if (r >= 0)
		r = storage_ref_config(&ref, access, &config, err);
	if (r < 0)
		return r;
	image_scopes_storage(config.driver, config.graphroot, ref.named ? &ref.ref : NULL,
			     ref.id	 ? ref.id
			     : ref.named ? NULL
					 : ref.plain,
			     out);
	return 0;
}

static int storage_remove(const char *rest, const struct image_access *access, struct keg_err *err)
{
	auto(storage_ref) ref = { 0 };
	auto(keg_arena) arena = { 0 };
	autoptr(store) store = NULL;
	struct store_image image;

	int r = storage_ref_parse(rest, &ref, err);
	if (r >= 0)
		r = storage_ref_open(&ref, access, &store, err);
	if (r >= 0)
		r = storage_ref_resolve(&ref, store, &arena, &image, err);
	return r < 0 ? r : store_image_remove(store, image.id, NULL, err);
}

const struct image_transport image_transport_storage = {
	.name = "containers-storage",
	.check = storage_check,
	.source = storage_source_open,
	.dest = storage_dest_open,
	.scopes = storage_scopes,
	.remove = storage_remove,
};
