/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between schema 1 and schema 2, member by member as the peers do it, so that both make the same
 * ids and configurations: Go's maps are written sorted, and a time that is missing is its zero.
 */
#include <string.h>

#include "base/sha256.h"
#include "base/strv.h"
#include "spec/digest.h"
#include "spec/go_json.h"
#include "spec/schema1.h"

#define ZERO_TIME "0001-01-01T00:00:00Z"

const unsigned char schema1_empty_layer[32] = {
	31,  139, 8, 0, 0, 9, 110, 136, 0,  255, 98,  24,  5, 163, 96, 20,
	140, 88,  0, 8, 0, 0, 255, 255, 46, 175, 181, 239, 0, 4,   0,  0,
};

/* The members of an object in the order of their names. */
static void print_sorted(struct json_object *object, struct keg_buf *out)
{
	auto(keg_strv) names = { 0 };
	autojson sorted = json_object_new_object();

	keg_json_names(object, &names);
	for (size_t i = 0; i < names.n; i++)
		json_object_object_add(sorted, names.v[i],
				       json_object_get(json_object_object_get(object, names.v[i])));
	go_json_print(sorted, out);
}

static struct json_object *rootfs_of(const char *const *diff_ids, size_t n)
{
	struct json_object *rootfs = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(diff_ids[i]));
	keg_json_put_str(rootfs, "type", "layers");
	json_object_object_add(rootfs, "diff_ids", list);
	return rootfs;
}

static void put_text(struct json_object *object, const char *name, const char *text)
{
	if (!keg_str_empty(text))
		keg_json_put_str(object, name, text);
}

static struct json_object *history_of(const struct schema1 *image)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < image->n_layers; i++) {
		const struct schema1_layer *layer = &image->layers[i];
		struct json_object *entry = json_object_new_object();

		keg_json_put_str(entry, "created", layer->created ? layer->created : ZERO_TIME);
		put_text(entry, "author", layer->author);
		put_text(entry, "created_by", layer->command);
		put_text(entry, "comment", layer->comment);
		if (layer->throwaway)
			json_object_object_add(entry, "empty_layer", json_object_new_boolean(1));
		json_object_array_add(list, entry);
	}
	return list;
}

int schema1_config(const struct schema1 *image, const char *const *diff_ids, size_t n,
		   struct keg_buf *out, struct keg_err *err)
{
	static const char *const gone[] = { "id",	"parent",    "parent_id",
					    "layer_id", "throwaway", "Size" };
	const char *top = image->layers[image->n_layers - 1].compatibility;
	autojson config = NULL;

	int r = keg_json_parse(top, strlen(top), &config, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < KEG_COUNT(gone); i++)
		json_object_object_del(config, gone[i]);
	json_object_object_add(config, "rootfs", rootfs_of(diff_ids, n));
	json_object_object_add(config, "history", history_of(image));
	print_sorted(config, out);
	return 0;
}

/* An id is the hash of the layer's digest, of the id below and of what else is given. */
static char *make_id(const char *digest, const char *parent, const char *config, size_t len,
		     struct keg_arena *arena)
{
	char hex[KEG_SHA256_HEX + 1];
	auto(keg_buf) text = { 0 };

	keg_buf_printf(&text, "%s %s", digest_hex(digest), parent);
	if (config) {
		keg_buf_putc(&text, ' ');
		keg_buf_add(&text, config, len);
	}
	keg_sha256_hex(text.data, text.len, hex);
	return keg_arena_strdup(arena, hex);
}

static const char *keep_printed(struct json_object *object, struct keg_arena *arena)
{
	auto(keg_buf) text = { 0 };

	go_json_print(object, &text);
	return keg_arena_strndup(arena, keg_buf_text(&text), text.len);
}

static const char *history_entry(const struct schema1_layer *layer, struct keg_arena *arena)
{
	autojson entry = json_object_new_object();
	struct json_object *container = json_object_new_object();
	struct json_object *command = json_object_new_array();

	keg_json_put_str(entry, "id", layer->id);
	put_text(entry, "parent", layer->parent);
	put_text(entry, "comment", layer->comment);
	keg_json_put_str(entry, "created", layer->created ? layer->created : ZERO_TIME);
	json_object_array_add(command, json_object_new_string(layer->command));
	json_object_object_add(container, "Cmd", command);
	json_object_object_add(entry, "container_config", container);
	put_text(entry, "author", layer->author);
	if (layer->throwaway)
		json_object_object_add(entry, "throwaway", json_object_new_boolean(1));
	return keep_printed(entry, arena);
}

/* The top entry is the configuration itself. */
static int top_entry(struct schema1_layer *layer, const char *config, size_t len,
		     struct keg_arena *arena, struct keg_err *err)
{
	autojson entry = NULL;
	auto(keg_buf) text = { 0 };

	int r = keg_json_parse(config, len, &entry, err);
	if (r < 0)
		return r;
	json_object_object_del(entry, "rootfs");
	json_object_object_del(entry, "history");
	keg_json_put_str(entry, "id", layer->id);
	put_text(entry, "parent", layer->parent);
	if (layer->throwaway)
		json_object_object_add(entry, "throwaway", json_object_new_boolean(1));
	print_sorted(entry, &text);
	layer->compatibility = keg_arena_strndup(arena, keg_buf_text(&text), text.len);
	return 0;
}

static int make_layers(const struct manifest *image, const struct image_config *config,
		       struct keg_arena *arena, struct schema1 *out, struct keg_err *err)
{
	const char *below = "";
	size_t used = 0;

	for (size_t i = 0; i < config->n_history; i++) {
		const struct image_history *was = &config->history[i];
		struct schema1_layer *layer = &out->layers[i];

		if (!was->empty_layer && used == image->n_layers)
			return keg_fail(err, KEG_EUNSUPPORTED,
					"Invalid image configuration, needs more than the %zu "
					"distributed layers",
					image->n_layers);
		layer->digest =
			was->empty_layer ? SCHEMA1_EMPTY_DIGEST : image->layers[used++].digest;
		layer->id = make_id(layer->digest, below, NULL, 0, arena);
		layer->parent = below;
		layer->comment = was->comment;
		layer->created = was->created;
		layer->author = was->author;
		layer->command = was->created_by ? was->created_by : "";
		layer->throwaway = was->empty_layer;
		layer->compatibility = history_entry(layer, arena);
		below = layer->id;
	}
	return 0;
}

int schema1_of_image(const struct manifest *image, const char *config, size_t len,
		     struct keg_arena *arena, struct schema1 *out, struct keg_err *err)
{
	struct image_config parsed = { 0 };
	struct schema1 made = { .name = "", .tag = "" };

	int r = image_config_parse(config, len, arena, &parsed, err);
	if (r < 0)
		return r;
	if (parsed.n_history == 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"Cannot convert an image with 0 history entries to %s",
				MEDIA_DOCKER_SCHEMA1_SIGNED);
	made.architecture = parsed.architecture ? parsed.architecture : "";
	made.n_layers = parsed.n_history;
	made.layers = keg_arena_alloc(arena, made.n_layers, sizeof *made.layers);
	r = make_layers(image, &parsed, arena, &made, err);
	if (r < 0)
		return r;
	struct schema1_layer *top = &made.layers[made.n_layers - 1];
	top->id = make_id(top->digest, top->parent, config, len, arena);
	r = top_entry(top, config, len, arena, err);
	if (r < 0)
		return r;
	*out = made;
	return 0;
}
