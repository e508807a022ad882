/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block grows in one buffer: the head and the two tables first, whose sizes are known
 * once the lists are parsed; then lists and strings as the tables are filled; the hash table
 * last. The buffer moves while it grows, so everything in it is addressed by offset.
 */
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strv.h"
#include "store/advice.h"
#include "store/image.h"
#include "store/index_format.h"
#include "store/layer.h"
#include "store/records.h"

struct layer_row {
	const char *id, *parent, *diff_digest, *compressed_digest, *created;
	const int64_t *diff_size, *compressed_size;
	int compression;
	struct json_object *flags;
};

static const struct keg_json_field layer_rows[] = {
	JSON_STR("id", struct layer_row, id, KEG_JSON_REQUIRED),
	JSON_STR("parent", struct layer_row, parent, 0),
	JSON_STR("diff-digest", struct layer_row, diff_digest, 0),
	JSON_STR("compressed-diff-digest", struct layer_row, compressed_digest, 0),
	JSON_STR("created", struct layer_row, created, 0),
	JSON_I64_PTR("diff-size", struct layer_row, diff_size, 0),
	JSON_I64_PTR("compressed-size", struct layer_row, compressed_size, 0),
	JSON_INT("compression", struct layer_row, compression, 0),
	JSON_RAW("flags", struct layer_row, flags, 0),
	JSON_END,
};

struct image_row {
	const char *id, *digest, *layer, *created;
	const char **names, **history;
	size_t n_names, n_history;
	struct json_object *sizes;
	struct keg_pair *digests;
	size_t n_digests;
};

static const struct keg_json_field image_rows[] = {
	JSON_STR("id", struct image_row, id, KEG_JSON_REQUIRED),
	JSON_STR("digest", struct image_row, digest, 0),
	JSON_STR("layer", struct image_row, layer, 0),
	JSON_STR("created", struct image_row, created, 0),
	JSON_STRV("names", struct image_row, names, 0),
	JSON_STRV("names-history", struct image_row, history, 0),
	JSON_RAW("big-data-sizes", struct image_row, sizes, 0),
	JSON_MAP("big-data-digests", struct image_row, digests, 0),
	JSON_END,
};

struct key {
	enum index_key what;
	uint32_t text, position;
};

struct layer_ref {
	const struct layer_row *row;
};

struct builder {
	struct keg_arena arena; /* the parsed lists */
	struct layer_row *layers;
	struct layer_ref *by_id; /* the same, sorted */
	size_t n_layers;
	struct image_row *images;
	size_t n_images;
	struct keg_buf *block;
	struct key *keys;
	size_t n_keys, room;
};

static void builder_done(struct builder *b)
{
	keg_arena_done(&b->arena);
	free(b->by_id);
	free(b->keys);
}
KEG_AUTO(builder, builder_done)

/* --- parsing --------------------------------------------------------------------------- */

static size_t part_length(struct json_object *list)
{
	return list && json_object_is_type(list, json_type_array) ? json_object_array_length(list)
								  : 0;
}

/* A list or its volatile part; *out is NULL where there is none. */
static int read_part(const struct store_place *place, enum store_list_kind list, bool is_volatile,
		     struct json_object **out, struct keg_err *err)
{
	const struct store_list_files *files = &store_list_files[list];
	const char *file = is_volatile ? files->volatile_file : files->file;
	auto(keg_buf) text = { 0 };

	*out = NULL;
	if (keg_file_read(place->lists[list], file, STORE_LIST_MAX, &text, err) < 0)
		return err->sys == ENOENT ? 0 : -(int)err->code;
	if (store_list_parse(&text, out, err) < 0) {
		autofree char *path = keg_path_join(store_list_folder(place, list), file);

		keg_wrap(err, "%s", path);
		return store_advise_list(place->path, path, err);
	}
	return 0;
}

static int parse_layers(struct builder *b, struct json_object *list, struct keg_err *err)
{
	for (size_t i = 0; i < part_length(list); i++) {
		struct layer_row *row = &b->layers[b->n_layers];
		int r = keg_json_decode(json_object_array_get_idx(list, i), layer_rows, row,
					&b->arena, err);

		if (r < 0)
			return keg_wrap(err, "layers.json");
		/* Ids become file names. */
		if (store_id_is_valid(row->id) && !keg_json_bool(row->flags, "incomplete", false))
			b->n_layers++;
		else
			*row = (struct layer_row){ 0 };
	}
	return 0;
}

static int parse_images(struct builder *b, struct json_object *list, struct keg_err *err)
{
	for (size_t i = 0; i < part_length(list); i++) {
		struct image_row *row = &b->images[b->n_images];
		int r = keg_json_decode(json_object_array_get_idx(list, i), image_rows, row,
					&b->arena, err);

		if (r < 0)
			return keg_wrap(err, "images.json");
		if (store_id_is_valid(row->id))
			b->n_images++;
		else
			*row = (struct image_row){ 0 };
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct layer_ref *one = a, *other = b;

	return strcmp(one->row->id, other->row->id);
}

static int parse(struct builder *b, const struct store_place *place, struct keg_err *err)
{
	autojson layers = NULL;
	autojson volatile_layers = NULL;
	autojson images = NULL;

	if (read_part(place, STORE_IMAGES, false, &images, err) < 0 ||
	    read_part(place, STORE_LAYERS, false, &layers, err) < 0 ||
	    read_part(place, STORE_LAYERS, true, &volatile_layers, err) < 0)
		return -(int)err->code;

	b->images = keg_arena_alloc(&b->arena, part_length(images) + 1, sizeof *b->images);
	b->layers =
		keg_arena_alloc(&b->arena, part_length(layers) + part_length(volatile_layers) + 1,
				sizeof *b->layers);
	if (parse_images(b, images, err) < 0 || parse_layers(b, layers, err) < 0 ||
	    parse_layers(b, volatile_layers, err) < 0)
		return -(int)err->code;

	b->by_id = keg_alloc(b->n_layers + 1, sizeof *b->by_id);
	for (size_t i = 0; i < b->n_layers; i++)
		b->by_id[i].row = &b->layers[i];
	qsort(b->by_id, b->n_layers, sizeof *b->by_id, compare_ids);
	return 0;
}

/* --- filling the block ------------------------------------------------------------------- */

static uint32_t put_zeros(struct builder *b, size_t len)
{
	static const char zeros[64];
	uint32_t at = (uint32_t)b->block->len;

	for (size_t step; len > 0; len -= step) {
		step = len < sizeof zeros ? len : sizeof zeros;
		keg_buf_add(b->block, zeros, step);
	}
	return at;
}

static void align(struct builder *b, size_t to)
{
	put_zeros(b, (to - b->block->len % to) % to);
}

static uint32_t put_text(struct builder *b, const char *text)
{
	uint32_t at = (uint32_t)b->block->len;

	keg_buf_add(b->block, text ? text : "", (text ? strlen(text) : 0) + 1);
	return at;
}

static void put_key(struct builder *b, enum index_key what, uint32_t text, size_t position)
{
	if (b->block->data[text] == '\0')
		return;
	b->keys = keg_grow(b->keys, b->n_keys, &b->room, sizeof *b->keys);
	b->keys[b->n_keys++] = (struct key){ what, text, (uint32_t)position };
}

static struct index_list put_list(struct builder *b, const char *const *texts, size_t n)
{
	align(b, sizeof(uint32_t));

	struct index_list list = { put_zeros(b, n * sizeof(uint32_t)), (uint32_t)n };
	for (size_t i = 0; i < n; i++) {
		uint32_t text = put_text(b, texts[i]);

		memcpy(b->block->data + list.at + i * sizeof text, &text, sizeof text);
	}
	return list;
}

static void put_list_keys(struct builder *b, enum index_key what, const struct index_list *list,
			  size_t position)
{
	for (size_t i = 0; i < list->n; i++) {
		uint32_t text;

		memcpy(&text, b->block->data + list->at + i * sizeof text, sizeof text);
		put_key(b, what, text, position);
	}
}

static struct timespec parse_time(const char *text)
{
	struct timespec t = { 0 };
	struct keg_err ignored;

	/* Go's zero time and whatever else does not parse: the epoch. */
	if (text && keg_time_parse(text, &t, &ignored) < 0)
		return (struct timespec){ 0 };
	return t;
}

static void put_layer(struct builder *b, const struct layer_row *row, size_t at)
{
	struct timespec created = parse_time(row->created);
	struct index_layer out = {
		.id = put_text(b, row->id),
		.parent = put_text(b, row->parent),
		.diff_digest = put_text(b, row->diff_digest),
		.compressed_digest = put_text(b, row->compressed_digest),
		.diff_size = row->diff_size ? *row->diff_size : -1,
		.compressed_size = row->compressed_size ? *row->compressed_size : -1,
		.compression = (uint32_t)row->compression,
		.sec = created.tv_sec,
		.nsec = (uint32_t)created.tv_nsec,
	};
	put_key(b, INDEX_LAYER_ID, out.id, at);
	put_key(b, INDEX_LAYER_DIGEST, out.diff_digest, at);
	if (!keg_str_eq(row->diff_digest, row->compressed_digest))
		put_key(b, INDEX_LAYER_DIGEST, out.compressed_digest, at);

	uint32_t table = ((struct index_head *)(void *)b->block->data)->layers;
	memcpy(b->block->data + table + at * sizeof out, &out, sizeof out);
}

static const struct layer_row *find_layer(const struct builder *b, const char *id)
{
	const struct layer_row wanted = { .id = id };
	const struct layer_ref key = { &wanted };
	const struct layer_ref *found =
		id ? bsearch(&key, b->by_id, b->n_layers, sizeof key, compare_ids) : NULL;

	return found ? found->row : NULL;
}

/* The unpacked layers and the documents, as the peers count. */
static int64_t image_size(const struct builder *b, const struct image_row *row)
{
	const struct layer_row *layer = find_layer(b, row->layer);
	int64_t size = 0;

	/* As many steps as there are layers: a circle ends, too. */
	for (size_t i = 0; layer && i < b->n_layers; i++) {
		size += layer->diff_size ? *layer->diff_size : 0;
		layer = find_layer(b, layer->parent);
	}
	if (row->sizes && json_object_is_type(row->sizes, json_type_object)) {
		json_object_object_foreach(row->sizes, key, value)
		{
			(void)key;
			size += json_object_get_int64(value);
		}
	}
	return size;
}

/* The digests of all manifests: the image's own, then those of "manifest-..." documents. */
static struct index_list put_digests(struct builder *b, const struct image_row *row)
{
	const char **all = keg_arena_alloc(&b->arena, row->n_digests + 1, sizeof *all);
	size_t n = 0;

	if (!keg_str_empty(row->digest))
		all[n++] = row->digest;
	for (size_t i = 0; i < row->n_digests; i++) {
		if (keg_str_starts(row->digests[i].key, "manifest-") &&
		    !keg_str_eq(row->digests[i].value, row->digest))
			all[n++] = row->digests[i].value;
	}
	return put_list(b, all, n);
}

static void put_image(struct builder *b, const struct image_row *row, size_t at)
{
	struct timespec created = parse_time(row->created);
	bool has_layer = row->layer && store_id_is_valid(row->layer);
	struct index_image out = {
		.id = put_text(b, row->id),
		.digest = put_text(b, row->digest),
		.layer = put_text(b, has_layer ? row->layer : ""),
		.sec = created.tv_sec,
		.nsec = (uint32_t)created.tv_nsec,
		.size = image_size(b, row),
		.names = put_list(b, row->names, row->n_names),
		.history = put_list(b, row->history, row->n_history),
		.digests = put_digests(b, row),
	};
	put_key(b, INDEX_IMAGE_ID, out.id, at);
	put_list_keys(b, INDEX_IMAGE_NAME, &out.names, at);
	put_list_keys(b, INDEX_IMAGE_DIGEST, &out.digests, at);

	uint32_t table = ((struct index_head *)(void *)b->block->data)->images;
	memcpy(b->block->data + table + at * sizeof out, &out, sizeof out);
}

static void put_slots(struct builder *b)
{
	uint32_t n = 16;

	while (n < 2 * b->n_keys)
		n *= 2;
	align(b, sizeof(uint64_t));

	uint32_t at = put_zeros(b, n * sizeof(struct index_slot));
	struct index_slot *slots = (void *)(b->block->data + at);
	for (size_t i = 0; i < b->n_keys; i++) {
		const struct key *key = &b->keys[i];
		uint32_t hash = index_hash(key->what, b->block->data + key->text);
		uint32_t slot = hash & (n - 1);

		while (slots[slot].key)
			slot = (slot + 1) & (n - 1);
		slots[slot] =
			(struct index_slot){ hash, key->text, (uint32_t)key->what, key->position };
	}

	struct index_head *head = (void *)b->block->data;
	head->slots = at;
	head->n_slots = n;
}

int index_build(const struct store_place *place, struct keg_buf *out, struct keg_err *err)
{
	auto(builder) b = { .block = out };
	struct index_source sources[INDEX_SOURCES];

	/* Before reading: what changes meanwhile makes the index stale, never wrong. */
	index_sources(place, sources);
	int r = parse(&b, place, err);
	if (r < 0)
		return r;

	put_zeros(&b, sizeof(struct index_head));
	uint32_t images = put_zeros(&b, b.n_images * sizeof(struct index_image));
	uint32_t layers = put_zeros(&b, b.n_layers * sizeof(struct index_layer));
	struct index_head *head = (void *)out->data;
	head->images = images;
	head->n_images = (uint32_t)b.n_images;
	head->layers = layers;
	head->n_layers = (uint32_t)b.n_layers;
	memcpy(head->sources, sources, sizeof sources);

	for (size_t i = 0; i < b.n_layers; i++)
		put_layer(&b, &b.layers[i], i);
	for (size_t i = 0; i < b.n_images; i++)
		put_image(&b, &b.images[i], i);
	put_slots(&b);
	put_zeros(&b, sizeof(uint64_t)); /* strings end within the block, come what may */

	head = (void *)out->data;
	head->magic = INDEX_MAGIC;
	head->size = out->len;
	head->sum = index_sum(head, out->len);
	return 0;
}
