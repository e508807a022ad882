/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/schema1.h"

#include <string.h>

#include "base/strv.h"
#include "spec/digest.h"
#include "spec/go_json.h"

enum { ID_LEN = 64 };

struct blob_sum {
	const char *digest;
};
static const struct keg_json_field blob_sum_rows[] = {
	JSON_STR("blobSum", struct blob_sum, digest, KEG_JSON_REQUIRED),
	JSON_END,
};

struct history {
	const char *compatibility;
};
static const struct keg_json_field history_rows[] = {
	JSON_STR("v1Compatibility", struct history, compatibility, KEG_JSON_REQUIRED),
	JSON_END,
};

struct document {
	const char *name, *tag, *architecture;
	struct blob_sum *layers;
	struct history *history;
	size_t n_layers, n_history;
	int schema_version;
};
static const struct keg_json_field rows[] = {
	JSON_STR("name", struct document, name, KEG_JSON_ALWAYS),
	JSON_STR("tag", struct document, tag, KEG_JSON_ALWAYS),
	JSON_STR("architecture", struct document, architecture, KEG_JSON_ALWAYS),
	JSON_OBJV("fsLayers", struct document, layers, KEG_JSON_ALWAYS, blob_sum, blob_sum_rows),
	JSON_OBJV("history", struct document, history, KEG_JSON_ALWAYS, history, history_rows),
	JSON_INT("schemaVersion", struct document, schema_version, KEG_JSON_REQUIRED),
	JSON_END,
};

/* A history entry; what the configuration has beside it is read from its text where needed. */
static const struct keg_json_field layer_rows[] = {
	JSON_STR("id", struct schema1_layer, id, KEG_JSON_ALWAYS),
	JSON_STR("parent", struct schema1_layer, parent, 0),
	JSON_STR("comment", struct schema1_layer, comment, 0),
	JSON_STR("created", struct schema1_layer, created, 0),
	JSON_STR("author", struct schema1_layer, author, 0),
	JSON_BOOL("throwaway", struct schema1_layer, throwaway, 0),
	JSON_END,
};

static bool is_id(const char *text)
{
	return text && strlen(text) == ID_LEN && strspn(text, "0123456789abcdef") == ID_LEN;
}

/* The words of the command, as the peers join them. */
static const char *join_command(struct json_object *entry, struct keg_arena *arena)
{
	struct json_object *words = keg_json_get(keg_json_get(entry, "container_config"), "Cmd");
	auto(keg_buf) text = { 0 };

	if (!words || !json_object_is_type(words, json_type_array))
		return "";
	for (size_t i = 0; i < json_object_array_length(words); i++) {
		struct json_object *word = json_object_array_get_idx(words, i);

		if (!json_object_is_type(word, json_type_string))
			continue;
		keg_buf_printf(&text, "%s%s", text.len ? " " : "", json_object_get_string(word));
	}
	return keg_arena_strdup(arena, keg_buf_text(&text));
}

static int parse_layer(const char *digest, const char *text, struct keg_arena *arena,
		       struct schema1_layer *out, struct keg_err *err)
{
	autojson entry = NULL;

	int r = digest_check(digest, err);
	if (r >= 0)
		r = keg_json_parse(text, strlen(text), &entry, err);
	if (r >= 0)
		r = keg_json_decode(entry, layer_rows, out, arena, err);
	if (r < 0)
		return r;
	if (!is_id(out->id))
		return keg_fail(err, KEG_ECORRUPT, "image ID \"%.100s\" is invalid",
				out->id ? out->id : "");
	out->digest = digest;
	out->compatibility = text;
	out->command = join_command(entry, arena);
	return 0;
}

/* From the lowest on: each has the one below it as parent, or repeats it and goes. */
static int check_chain(struct schema1 *image, struct keg_err *err)
{
	struct schema1_layer *v = image->layers;
	size_t kept = 1;

	if (!keg_str_empty(v[0].parent))
		return keg_fail(err, KEG_ECORRUPT,
				"Invalid parent ID in the base layer of the image");
	for (size_t i = 1; i < image->n_layers; i++) {
		if (strcmp(v[i].id, v[kept - 1].id) == 0) {
			/* Of equal ones the lowest counts. */
			continue;
		}
		for (size_t k = 0; k + 1 < kept; k++) {
			if (strcmp(v[i].id, v[k].id) == 0)
				return keg_fail(err, KEG_ECORRUPT,
						"ID %s appears multiple times in manifest",
						v[i].id);
		}
		if (!keg_str_eq(v[i].parent, v[kept - 1].id))
			return keg_fail(err, KEG_ECORRUPT,
					"Invalid parent ID. Expected %s, got \"%.100s\"",
					v[kept - 1].id, v[i].parent ? v[i].parent : "");
		v[kept++] = v[i];
	}
	image->n_layers = kept;
	return 0;
}

int schema1_parse(const char *text, size_t len, struct keg_arena *arena, struct schema1 *out,
		  struct keg_err *err)
{
	struct document doc = { 0 };
	autojson root = NULL;

	if (len > MANIFEST_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "manifest of %zu bytes is longer than %d", len,
				MANIFEST_BYTES_MAX);
	int r = keg_json_parse(text, len, &root, err);
	if (r >= 0)
		r = keg_json_decode(root, rows, &doc, arena, err);
	if (r < 0)
		return keg_wrap(err, "manifest");
	if (doc.schema_version != 1)
		return keg_fail(err, KEG_EUNSUPPORTED, "unsupported schema version %d",
				doc.schema_version);
	if (doc.n_layers != doc.n_history)
		return keg_fail(err, KEG_ECORRUPT,
				"length of history not equal to number of layers");
	if (doc.n_layers == 0)
		return keg_fail(err, KEG_ECORRUPT, "no FSLayers in manifest");
	if (doc.n_layers > IMAGE_CONFIG_LAYERS_MAX)
		return keg_fail(err, KEG_ECORRUPT, "fsLayers: %zu entries, more than %d",
				doc.n_layers, IMAGE_CONFIG_LAYERS_MAX);

	struct schema1 image = { .name = doc.name,
				 .tag = doc.tag,
				 .architecture = doc.architecture };
	image.n_layers = doc.n_layers;
	image.layers = keg_arena_alloc(arena, doc.n_layers, sizeof *image.layers);
	for (size_t i = 0; i < doc.n_layers; i++) {
		r = parse_layer(doc.layers[i].digest, doc.history[i].compatibility, arena,
				&image.layers[doc.n_layers - 1 - i], err);
		if (r < 0)
			return keg_wrap(err, "manifest: history entry %zu", i);
	}
	r = check_chain(&image, err);
	if (r < 0)
		return keg_wrap(err, "manifest");
	*out = image;
	return 0;
}

void schema1_emit(const struct schema1 *image, struct keg_buf *out)
{
	auto(keg_arena) arena = { 0 };
	struct document doc = { .name = image->name,
				.tag = image->tag,
				.architecture = image->architecture,
				.n_layers = image->n_layers,
				.n_history = image->n_layers,
				.schema_version = 1 };

	doc.layers = keg_arena_alloc(&arena, image->n_layers, sizeof *doc.layers);
	doc.history = keg_arena_alloc(&arena, image->n_layers, sizeof *doc.history);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct schema1_layer *layer = &image->layers[image->n_layers - 1 - i];

		doc.layers[i].digest = layer->digest;
		doc.history[i].compatibility = layer->compatibility;
	}
	autojson root = keg_json_encode(rows, &doc);
	go_json_print(root, out);
}
