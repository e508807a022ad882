/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers-storage: as a destination. The configuration comes first and says which layers
 * the image has; those that the store has already are not asked for. The others are
 * unpacked beside each other into stagings, each without looking at another, and one commit
 * at the end makes layers and image visible at once.
 */
#include "image/storage_dest.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/blob_parts.h"
#include "image/digest_of.h"
#include "image/pipe.h"
#include "image/storage_signatures.h"
#include "image/storage_unpack.h"
#include "spec/image_config.h"
#include "store/advice.h"

/* Unpackers at once: each has a thread that inflates beside it. */
enum { UNPACKERS = 2 };

/* What partial blobs of failed transfers may take. */
static const uint64_t SPOOL_MAX = UINT64_C(4) << 30;

struct new_layer {
	char id[STORE_ID_LEN + 1];
	const char *diff_id;
	bool exists;
	struct store_staging *staging;
	struct storage_unpacked unpacked;
	struct image_blob blob; /* as it came */
};

struct storage_dest {
	struct image_dest base;
	struct store *store;
	pthread_mutex_t store_lock; /* layers' parts ask it from several threads */
	struct storage_ref ref;
	struct keg_strv names;
	struct keg_arena arena;
	bool planned;
	struct image_config config;
	struct keg_buf config_bytes, manifest, toplevel, signatures, metadata;
	struct new_layer *layers;
	size_t n_layers;
	char id[STORE_ID_LEN + 1]; /* of the image */
};

static int find_layer(struct storage_dest *dst, struct new_layer *layer, struct keg_err *err)
{
	struct store_layer found;

	int r = store_layer_find(dst->store, layer->id, &dst->arena, &found, err);
	if (r < 0 && r != -KEG_ENOTFOUND)
		return r;
	/* Those below ours must be ours. */
	layer->exists = r >= 0 && found.in_store == 0 && store_layer_is_whole(dst->store, &found);
	return 0;
}

static int storage_plan(struct image_dest *dest, const struct manifest *image, const void *config,
			size_t len, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;

	int r = manifest_check_image(image, err);
	if (r >= 0)
		r = image_config_parse(config, len, &dst->arena, &dst->config, err);
	if (r < 0)
		return keg_wrap(err, "parsing image configuration");
	if (dst->config.rootfs->n_diff_ids != image->n_layers)
		return keg_fail(err, KEG_ECORRUPT,
				"the image has %zu layers, and its configuration names %zu",
				image->n_layers, dst->config.rootfs->n_diff_ids);

	keg_buf_add(&dst->config_bytes, config, len);
	keg_sha256_hex(config, len, dst->id);
	dst->n_layers = image->n_layers;
	dst->layers = keg_alloc(dst->n_layers + 1, sizeof *dst->layers);
	for (size_t i = 0; i < dst->n_layers; i++) {
		struct new_layer *layer = &dst->layers[i];

		layer->diff_id = dst->config.rootfs->diff_ids[i];
		layer->unpacked.diff_size = -1;
		store_layer_chain_id(layer->id, i ? layer[-1].id : NULL, layer->diff_id);
		r = find_layer(dst, layer, err);
		if (r < 0)
			return r;
	}
	dst->planned = true;
	return 0;
}

static int storage_toplevel(struct image_dest *dest, const void *bytes, size_t len,
			    struct keg_err *err)
{
	(void)err;
	keg_buf_add(&((struct storage_dest *)dest)->toplevel, bytes, len);
	return 0;
}

static int storage_reuse(struct image_dest *dest, const struct image_blob *blob, bool substitute,
			 struct image_blob *have, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;

	(void)substitute;
	(void)err;
	if (blob->layer == IMAGE_CONFIG_LAYER || !dst->layers[blob->layer].exists)
		return 0;
	*have = *blob;
	return 1;
}

/* `size` is that of what comes, -1: unknown. */
static int unpack(struct storage_dest *dst, const struct image_blob *blob, int64_t size,
		  struct stream_in *from, struct keg_err *err)
{
	struct new_layer *layer = &dst->layers[blob->layer];
	int r = store_staging_new(dst->store, &layer->staging, err);
	if (r < 0)
		return r;
	const struct storage_unpack what = {
		.staging = layer->staging,
		.diff_id = layer->diff_id,
		.size = size,
		.userns = store_in_userns(dst->store),
		.ignore_chown_errors = store_config(dst->store)->ignore_chown_errors,
	};
	r = storage_unpack_run(&what, from, &layer->unpacked, err);
	if (r < 0) {
		keg_wrap(err, "unpacking layer %s", blob->digest);
		return err->code == KEG_ENOSPACE
			       ? store_advise(store_config(dst->store)->graphroot, err)
			       : -(int)err->code;
	}
	store_staging_filled(layer->staging);
	return 0;
}

static int storage_put(struct image_dest *dest, const struct image_blob *blob,
		       struct stream_in *from, struct image_blob *put, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;

	*put = *blob;
	if (blob->layer == IMAGE_CONFIG_LAYER)
		return 0; /* plan() has it already */
	int r = unpack(dst, blob, blob->size, from, err);
	if (r >= 0)
		dst->layers[blob->layer].blob = *blob;
	return r;
}

/*
 * Nobody saw all of the blob, so nobody may say later that this layer is what it unpacks to: the
 * layer is recorded without it.
 */
static int put_parts(struct storage_dest *dst, const struct blob_parts_from *from,
		     struct keg_err *err)
{
	const struct image_blob *blob = from->blob;
	autoptr(blob_parts) parts = NULL;
	autoptr(stream_in) tar = NULL;

	int r = blob_parts_open(from, &parts, err);
	if (r < 0 || !parts)
		return r;
	image_report_blob(from->reporter, IMAGE_EVENT_STARTED, blob, blob_parts_fetched(parts));
	r = blob_parts_tar(parts, &tar, err);
	if (r >= 0)
		r = unpack(dst, blob, -1, tar, err);
	if (r < 0)
		return r;
	dst->layers[blob->layer].blob.size = -1;
	uint64_t fetched = blob_parts_fetched(parts), size = (uint64_t)blob->size;
	image_report_moved(from->reporter, fetched, size > fetched ? size - fetched : 0);
	image_report_blob(from->reporter, IMAGE_EVENT_DONE, blob, fetched);
	return 1;
}

static int storage_put_parts(struct image_dest *dest, struct image_source *src,
			     const struct image_blob *blob, struct image_reporter *reporter,
			     struct image_blob *put, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;
	const struct blob_parts_from from = { src, blob, dst->store, &dst->store_lock, reporter };

	if (!store_config(dst->store)->partial_images)
		return 0;
	*put = *blob;
	int r = put_parts(dst, &from, err);
	if (r != -KEG_ECORRUPT && r != -KEG_EUNSUPPORTED && r != -KEG_ENOTFOUND)
		return r;
	/* All that is wrong with the parts has no consequence for the whole, which is verified. */
	keg_debug("blob %s is fetched as a whole: %s", blob->digest, err->msg);
	struct new_layer *layer = &dst->layers[blob->layer];
	if (layer->staging)
		store_staging_free(take_ptr(&layer->staging));
	return 0;
}

static int storage_put_manifest(struct image_dest *dest, const void *bytes, size_t len,
				const char *media_type, const char *instance, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;

	(void)media_type;
	(void)instance;
	(void)err;
	keg_buf_cut(&dst->manifest, 0);
	keg_buf_add(&dst->manifest, bytes, len);
	return 0;
}

/* Kept as what they become: the manifest that they are for is known by now. */
static int storage_put_signatures(struct image_dest *dest, const struct signatures *sigs,
				  const char *instance, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;
	char digest[DIGEST_SHA256_LEN + 1];

	(void)instance;
	(void)err;
	image_digest_of(digest, dst->manifest.data, dst->manifest.len);
	keg_buf_cut(&dst->signatures, 0);
	keg_buf_cut(&dst->metadata, 0);
	storage_signatures_emit(sigs, digest, &dst->signatures, &dst->metadata);
	return 0;
}

static enum store_compression compression_of(enum compression packing)
{
	switch (packing) {
	case COMPRESSION_GZIP:
		return STORE_GZIP;
	case COMPRESSION_ZSTD:
		return STORE_ZSTD;
	default:
		return STORE_UNCOMPRESSED;
	}
}

static struct store_new_layer *layers_for_commit(struct storage_dest *dst)
{
	struct store_new_layer *out = keg_arena_alloc(&dst->arena, dst->n_layers + 1, sizeof *out);

	for (size_t i = 0; i < dst->n_layers; i++) {
		const struct new_layer *layer = &dst->layers[i];

		out[i] = (struct store_new_layer){
			.id = layer->id,
			.staging = layer->staging,
			.diff_digest = layer->diff_id,
			.compressed_digest = layer->staging ? layer->blob.digest : NULL,
			.diff_size = layer->unpacked.diff_size,
			.compressed_size = layer->staging ? layer->blob.size : -1,
			.compression = compression_of(layer->unpacked.packing),
			.uids = layer->unpacked.uids,
			.gids = layer->unpacked.gids,
			.n_uids = layer->unpacked.n_uids,
			.n_gids = layer->unpacked.n_gids,
		};
	}
	return out;
}

static void add_data(struct storage_dest *dst, struct store_new_data *data, const char *key,
		     const struct keg_buf *bytes)
{
	char digest[DIGEST_SHA256_LEN + 1];

	image_digest_of(digest, bytes->data, bytes->len);
	data->digest = keg_arena_strdup(&dst->arena, digest);
	data->key = keg_arena_strdup(&dst->arena, key);
	data->bytes = bytes->data;
	data->len = bytes->len;
}

/* Under a key that is made of the digest. */
static void add_by_digest(struct storage_dest *dst, struct store_new_data *data, const char *prefix,
			  const struct keg_buf *bytes)
{
	add_data(dst, data, prefix, bytes);
	data->key = keg_arena_printf(&dst->arena, "%s%s", prefix, data->digest);
}

/* All documents of the image; how many. */
static size_t list_data(struct storage_dest *dst, struct store_new_data *data)
{
	size_t n = 0;

	add_by_digest(dst, &data[n++], "", &dst->config_bytes);
	add_by_digest(dst, &data[n++], "manifest-", &dst->manifest);
	const char *digest = data[n - 1].digest;
	add_data(dst, &data[n++], "manifest", &dst->manifest);
	if (dst->toplevel.len > 0)
		add_by_digest(dst, &data[n++], "manifest-", &dst->toplevel);
	if (dst->signatures.len > 0) {
		autofree char *key = storage_signatures_key(digest);

		add_data(dst, &data[n++], STORAGE_SIGNATURES, &dst->signatures);
		add_data(dst, &data[n++], key, &dst->signatures);
	}
	return n;
}

static int storage_commit(struct image_dest *dest, struct keg_err *err)
{
	struct storage_dest *dst = (struct storage_dest *)dest;
	struct store_new_data data[6];

	if (!dst->planned)
		return keg_fail(err, KEG_EUNSUPPORTED, "this is no image that can be stored");
	if (dst->ref.id && !keg_str_eq(dst->ref.id, dst->id))
		return keg_fail(err, KEG_EUSAGE, "the image's id is %s, and not %s", dst->id,
				dst->ref.id);

	struct store_new_image image = {
		.id = dst->id,
		.names = (const char *const *)dst->names.v,
		.n_names = dst->names.n,
		.data = data,
		.n_data = list_data(dst, data),
		.metadata = dst->metadata.len ? keg_buf_text(&dst->metadata) : "{}",
		.created = keg_now(),
	};
	struct keg_err ignored;
	if (dst->config.created)
		(void)!keg_time_parse(dst->config.created, &image.created, &ignored);
	int r = store_commit(dst->store, layers_for_commit(dst), dst->n_layers, &image, NULL, err);
	/* A peer removed a layer that was there when we looked: the next attempt fetches it. */
	return r == -KEG_ENOTFOUND ? keg_fail(err, KEG_EBUSY, "%s: a layer was removed meanwhile",
					      dst->base.name)
				   : r;
}

static void storage_free(struct image_dest *dest)
{
	struct storage_dest *dst = (struct storage_dest *)dest;

	for (size_t i = 0; i < dst->n_layers; i++) {
		if (dst->layers[i].staging)
			store_staging_free(dst->layers[i].staging);
		free(dst->layers[i].unpacked.uids);
		free(dst->layers[i].unpacked.gids);
	}
	free(dst->layers);
	keg_buf_done(&dst->config_bytes);
	keg_buf_done(&dst->manifest);
	keg_buf_done(&dst->toplevel);
	keg_buf_done(&dst->signatures);
	keg_buf_done(&dst->metadata);
	keg_arena_done(&dst->arena);
	storage_ref_done(&dst->ref);
	keg_strv_done(&dst->names);
	if (dst->store)
		store_close(dst->store);
	free(dst->base.spool_dir);
	free(dst->base.name);
	free(dst->base.reference);
	pthread_mutex_destroy(&dst->store_lock);
	free(dst);
}

static const struct image_dest_ops storage_dest_ops = {
	.plan = storage_plan,
	.toplevel = storage_toplevel,
	.reuse = storage_reuse,
	.put = storage_put,
	.put_parts = storage_put_parts,
	.put_manifest = storage_put_manifest,
	.put_signatures = storage_put_signatures,
	.commit = storage_commit,
	.free = storage_free,
};

static int open_ref(struct storage_dest *dst, const struct image_access *access,
		    struct image_dest **out, struct keg_err *err)
{
	struct keg_err ignored;

	dst->base.ops = &storage_dest_ops;
	pthread_mutex_init(&dst->store_lock, NULL);
	dst->base.each_layer = true;
	dst->base.max_parallel = UNPACKERS;
	autoptr(image_dest) owned = &dst->base;

	int r = storage_ref_open(&dst->ref, access, &dst->store, err);
	if (r < 0)
		return r;
	if (dst->ref.named) {
		dst->base.reference = reference_format(&dst->ref.ref);
		keg_strv_add(&dst->names, dst->base.reference);
	}
	autofree char *text = storage_ref_format(&dst->ref, dst->store);
	dst->base.name = keg_printf("containers-storage:%s", text);
	dst->base.spool_dir = keg_printf("%s/keg/tmp/blobs", store_config(dst->store)->graphroot);
	(void)!image_pipe_prune(dst->base.spool_dir, SPOOL_MAX, &ignored);
	*out = take_ptr(&owned);
	return 0;
}

int storage_dest_open(const char *rest, const struct image_access *access, struct image_dest **out,
		      struct keg_err *err)
{
	auto(storage_ref) ref = { 0 };

	int r = storage_ref_parse(rest, &ref, err);
	if (r < 0)
		return r;
	struct storage_dest *dst = keg_alloc(1, sizeof *dst);
	dst->ref = ref;
	ref = (struct storage_ref){ 0 };
	return open_ref(dst, access, out, err);
}

int storage_dest_new(const struct image_access *access, const char *const *names, size_t n,
		     struct image_dest **out, struct keg_err *err)
{
	struct storage_dest *dst = keg_alloc(1, sizeof *dst);

	keg_strv_extend(&dst->names, names, n);
	return open_ref(dst, access, out, err);
}

const char *storage_dest_image_id(const struct image_dest *dest)
{
	return ((const struct storage_dest *)dest)->id;
}
