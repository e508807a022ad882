/* SPDX-License-Identifier: Apache-2.0 */
#include <keg/store.h>

#include "lib/lib.h"
#include "store/image.h"
#include "store/layer.h"

enum { DOCUMENT_MAX = 64 << 20 };

struct keg_store {
	struct store *store;
};

struct keg_store_images {
	struct keg_arena arena;
	struct store_image *v;
	size_t n;
};

struct keg_store_layers {
	struct keg_arena arena;
	struct store_layer *v;
	size_t n;
};

static int open_store(const struct keg_store_options *options, struct store **out,
		      struct keg_err *err)
{
	struct keg_store_options o = KEG_STORE_OPTIONS_INIT;
	auto(store_config) config = { 0 };
	int r = options ? lib_take(&o, sizeof o, options, err) : 0;

	if (r < 0)
		return r;
	const struct store_config_request want = {
		.rootless = geteuid() != 0,
		.uid = geteuid(),
		.graphroot = o.root,
		.runroot = o.runroot,
		.driver = o.driver,
		.options = o.options,
		.n_options = o.n_options,
	};
	r = store_config_load(&want, &config, err);
	return r < 0 ? r : store_open(&config, out, err);
}

int keg_store_open(const struct keg_store_options *options, struct keg_store **out,
		   struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };
	struct store *store;

	if (open_store(options, &store, &err) < 0)
		return lib_fail(error, &err);
	*out = keg_alloc(1, sizeof **out);
	(*out)->store = store;
	return 0;
}

void keg_store_close(struct keg_store *store)
{
	if (!store)
		return;
	store_close(store->store);
	free(store);
}

/* --- images -------------------------------------------------------------------------------- */

int keg_store_images(struct keg_store *store, struct keg_store_images **out,
		     struct keg_runtime_error **error)
{
	struct keg_store_images *made = keg_alloc(1, sizeof *made);
	struct keg_err err = { 0 };

	if (store_image_list(store->store, &made->arena, &made->v, &made->n, &err) < 0) {
		keg_store_images_free(made);
		return lib_fail(error, &err);
	}
	*out = made;
	return (int)made->n;
}

void keg_store_images_free(struct keg_store_images *images)
{
	if (!images)
		return;
	keg_arena_done(&images->arena);
	free(images);
}

const char *keg_store_image_id(const struct keg_store_images *images, size_t at)
{
	return images->v[at].id;
}

const char *keg_store_image_name(const struct keg_store_images *images, size_t at, size_t name)
{
	return name < images->v[at].n_names ? images->v[at].names[name] : NULL;
}

const char *keg_store_image_digest(const struct keg_store_images *images, size_t at)
{
	return images->v[at].digest;
}

const char *keg_store_image_layer(const struct keg_store_images *images, size_t at)
{
	return images->v[at].layer;
}

int64_t keg_store_image_size(const struct keg_store_images *images, size_t at)
{
	return images->v[at].size;
}

int64_t keg_store_image_created(const struct keg_store_images *images, size_t at)
{
	return images->v[at].created.tv_sec;
}

int keg_store_image_read_only(const struct keg_store_images *images, size_t at)
{
	return images->v[at].read_only;
}

/* By its id and nothing else. */
static int find_image(struct store *store, const char *id, struct keg_arena *arena,
		      struct store_image *out, struct keg_err *err)
{
	if (!store_id_is_valid(id))
		return keg_fail(err, KEG_EUSAGE, "%s: not an image id", id);
	return store_image_find(store, id, arena, out, err);
}

int keg_store_document(struct keg_store *store, const char *image, const char *key, char **bytes,
		       size_t *len, struct keg_runtime_error **error)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct store_image found;
	struct keg_err err = { 0 };

	if (find_image(store->store, image, &arena, &found, &err) < 0 ||
	    store_image_data(store->store, &found, key, DOCUMENT_MAX, &text, &err) < 0)
		return lib_fail(error, &err);
	*len = text.len;
	*bytes = keg_buf_take(&text);
	return 0;
}

/* --- layers -------------------------------------------------------------------------------- */

static int load_layers(struct store *store, const char *image, struct keg_store_layers *out,
		       struct keg_err *err)
{
	struct store_image found;

	if (!image)
		return store_layer_list(store, &out->arena, &out->v, &out->n, err);
	int r = find_image(store, image, &out->arena, &found, err);
	if (r < 0)
		return r;
	return store_layer_chain(store, found.layer, &out->arena, &out->v, &out->n, err);
}

int keg_store_layers(struct keg_store *store, const char *image, struct keg_store_layers **out,
		     struct keg_runtime_error **error)
{
	struct keg_store_layers *made = keg_alloc(1, sizeof *made);
	struct keg_err err = { 0 };

	if (load_layers(store->store, image, made, &err) < 0) {
		keg_store_layers_free(made);
		return lib_fail(error, &err);
	}
	*out = made;
	return (int)made->n;
}

void keg_store_layers_free(struct keg_store_layers *layers)
{
	if (!layers)
		return;
	keg_arena_done(&layers->arena);
	free(layers);
}

const char *keg_store_layer_id(const struct keg_store_layers *layers, size_t at)
{
	return layers->v[at].id;
}

const char *keg_store_layer_parent(const struct keg_store_layers *layers, size_t at)
{
	return layers->v[at].parent;
}

const char *keg_store_layer_diff_id(const struct keg_store_layers *layers, size_t at)
{
	return layers->v[at].diff_digest;
}

const char *keg_store_layer_blob(const struct keg_store_layers *layers, size_t at)
{
	return layers->v[at].compressed_digest;
}

int64_t keg_store_layer_size(const struct keg_store_layers *layers, size_t at)
{
	return layers->v[at].diff_size;
}

int64_t keg_store_layer_blob_size(const struct keg_store_layers *layers, size_t at)
{
	return layers->v[at].compressed_size;
}
