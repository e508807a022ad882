/* SPDX-License-Identifier: Apache-2.0 */
/* inspect and list-tags: what an image is without moving its layers. */
#include "base/json.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/copy.h"
#include "image/docker_archive.h"
#include "image/docker_transport.h"
#include "image/transfer_parts.h"
#include "spec/go_json.h"
#include "spec/image_config.h"
#include "spec/schema1.h"

enum { INDENT = 4 }; /* as the peer prints JSON */

struct inspected {
	struct image_source *src;
	struct keg_arena arena;
	struct keg_buf toplevel; /* what the name stands for: an image or an index */
	struct keg_buf manifest; /* the image's */
	struct manifest_doc doc;
	struct schema1 schema1; /* instead, when it has layers */
	struct keg_buf config_bytes;
	struct image_config config;
};

static void inspected_done(struct inspected *in)
{
	if (in->src)
		image_source_free(in->src);
	keg_buf_done(&in->toplevel);
	keg_buf_done(&in->manifest);
	keg_buf_done(&in->config_bytes);
	keg_arena_done(&in->arena);
}
KEG_AUTO(inspected, inspected_done)

static int open_named(const struct transfer_inspect *req, struct inspected *in, struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;

	int r = image_name_parse(req->name, &transport, &rest, err);
	if (r >= 0)
		r = transport->source(rest, req->access, &in->src, err);
	return r < 0 ? keg_wrap(err, "Error parsing image name \"%s\"", req->name) : r;
}

static int choose_image(const struct transfer_inspect *req, struct inspected *in, const char *type,
			struct keg_err *err)
{
	autofree char *chosen_type = NULL;

	int r = manifest_parse(in->toplevel.data, in->toplevel.len, type, &in->arena, &in->doc,
			       err);
	if (r < 0)
		return r;
	if (manifest_kind_is_image(in->doc.kind)) {
		keg_buf_add(&in->manifest, in->toplevel.data, in->toplevel.len);
		return 0;
	}
	const char *instance = image_pick_instance(&in->doc, req->access, err);
	if (!instance)
		return keg_wrap(err, "choosing image instance");
	r = image_source_manifest(in->src, instance, &in->manifest, &chosen_type, err);
	return r < 0 ? r
		     : manifest_parse(in->manifest.data, in->manifest.len, chosen_type, &in->arena,
				      &in->doc, err);
}

/* Its configuration is what the top of its history says; no diff_id is known without its layers. */
static int take_schema1(struct inspected *in, struct keg_err *err)
{
	struct schema1 *image = &in->schema1;
	size_t n = 0;

	int r = schema1_parse(keg_buf_text(&in->toplevel), in->toplevel.len, &in->arena, image,
			      err);
	auto(keg_buf) config = { 0 };
	if (r >= 0)
		r = schema1_config(image, NULL, 0, &config, err);
	if (r >= 0)
		r = image_config_parse(config.data, config.len, &in->arena, &in->config, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < image->n_layers; i++)
		n += !image->layers[i].throwaway;
	in->config.rootfs->n_diff_ids = n;
	in->config.rootfs->diff_ids = keg_arena_alloc(&in->arena, n + 1, sizeof(const char *));
	for (size_t i = 0; i < n; i++)
		in->config.rootfs->diff_ids[i] = "";
	return 0;
}

static int read_config(struct inspected *in, struct keg_err *err)
{
	const struct descriptor *config = in->doc.image.config;
	struct image_blob blob = { .size = config->size, .layer = IMAGE_CONFIG_LAYER };

	snprintf(blob.digest, sizeof blob.digest, "%s", config->digest);
	return image_source_blob_read(in->src, &blob, IMAGE_CONFIG_BYTES_MAX, &in->config_bytes,
				      err);
}

static struct json_object *layer_data(const struct descriptor *layer, const struct image_blob *real)
{
	struct json_object *data = json_object_new_object();

	keg_json_put_str(data, "MIMEType", real ? real->media_type : layer->media_type);
	keg_json_put_str(data, "Digest", real ? real->digest : layer->digest);
	json_object_object_add(data, "Size",
			       json_object_new_int64(real ? real->size : layer->size));
	json_object_object_add(data, "Annotations",
			       layer->n_annotations > 0
				       ? keg_json_of_pairs(layer->annotations, layer->n_annotations)
				       : NULL);
	return data;
}

/* The layers as the source gives them: those of the store have other digests by now. */
static int put_layers(struct inspected *in, struct json_object *digests, struct json_object *all,
		      struct keg_err *err)
{
	for (size_t i = 0; i < in->schema1.n_layers; i++) {
		const struct descriptor layer = { .media_type = "",
						  .digest = in->schema1.layers[i].digest,
						  .size = -1 };

		json_object_array_add(digests, json_object_new_string(layer.digest));
		json_object_array_add(all, layer_data(&layer, NULL));
	}

	size_t n = in->doc.image.n_layers;
	struct image_blob *real = keg_arena_alloc(&in->arena, n + 1, sizeof *real);
	int r = 0;

	if (in->src->ops->real_layers && n > 0)
		r = in->src->ops->real_layers(in->src, NULL, real, n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct descriptor *layer = &in->doc.image.layers[i];

		if (r > 0 && !real[i].media_type)
			real[i].media_type =
				media_layer_as(layer->media_type, in->doc.kind, MEDIA_PLAIN);
		json_object_array_add(
			digests, json_object_new_string(r > 0 ? real[i].digest : layer->digest));
		json_object_array_add(all, layer_data(layer, r > 0 ? &real[i] : NULL));
	}
	return 0;
}

static struct json_object *labels_of(const struct image_config *config)
{
	const struct image_run_config *run = config->config;

	return run->n_labels > 0 ? keg_json_of_pairs(run->labels, run->n_labels) : NULL;
}

static struct json_object *strings(const char *const *v, size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(v[i]));
	return list;
}

/* Tags are a courtesy: a registry that does not list them still has the image. */
static struct json_object *repo_tags(const struct transfer_inspect *req, struct inspected *in)
{
	auto(keg_strv) tags = { 0 };
	struct keg_err ignored;

	if (!req->no_tags && in->src->ops->tags && in->src->ops->tags(in->src, &tags, &ignored) < 0)
		keg_strv_clear(&tags);
	return strings((const char *const *)tags.v, tags.n);
}

static int toplevel_digest(const struct transfer_inspect *req, const struct inspected *in,
			   char **out, struct keg_err *err)
{
	char hex[KEG_SHA512_HEX + 1];
	auto(keg_buf) payload = { 0 };

	int r = schema1_payload(keg_buf_text(&in->toplevel), in->toplevel.len, &payload, err);
	if (r < 0)
		return r;
	const struct keg_buf *bytes = r > 0 ? &payload : &in->toplevel;
	if (req->sha512)
		keg_sha512_hex(bytes->data, bytes->len, hex);
	else
		keg_sha256_hex(bytes->data, bytes->len, hex);
	*out = keg_printf("%s:%s", req->sha512 ? "sha512" : "sha256", hex);
	return 0;
}

static int describe(const struct transfer_inspect *req, struct inspected *in, struct keg_buf *out,
		    struct keg_err *err)
{
	const struct image_config *config = &in->config;
	autofree char *digest = NULL;
	int r = toplevel_digest(req, in, &digest, err);

	if (r < 0)
		return r;
	autojson root = json_object_new_object();
	struct json_object *layers = json_object_new_array(), *data = json_object_new_array();
	keg_json_put_str(root, "Name", in->src->repository);
	if (in->schema1.n_layers > 0 && !keg_str_empty(in->schema1.tag))
		keg_json_put_str(root, "Tag", in->schema1.tag);
	keg_json_put_str(root, "Digest", digest);
	json_object_object_add(root, "RepoTags", repo_tags(req, in));
	keg_json_put_str(root, "Created", config->created ? config->created : "");
	keg_json_put_str(root, "DockerVersion",
			 config->docker_version ? config->docker_version : "");
	json_object_object_add(root, "Labels", labels_of(config));
	keg_json_put_str(root, "Architecture", config->architecture ? config->architecture : "");
	keg_json_put_str(root, "Os", config->os ? config->os : "");
	json_object_object_add(root, "Layers", layers);
	json_object_object_add(root, "LayersData", data);
	json_object_object_add(root, "Env", strings(config->config->env, config->config->n_env));
	r = put_layers(in, layers, data, err);
	if (r < 0)
		return r;
	go_json_print_indented(root, INDENT, out);
	return 0;
}

/* The configuration as the OCI structures have it, in their order. */
static void describe_config(struct inspected *in, struct keg_buf *out)
{
	auto(keg_buf) compact = { 0 };
	struct keg_err ignored;
	autojson root = NULL;

	image_config_emit_oci(&in->config, &compact);
	if (keg_json_parse(compact.data, compact.len, &root, &ignored) < 0)
		keg_bug("a configuration of our own is malformed");
	go_json_print_indented(root, INDENT, out);
}

static int inspect_once(const struct transfer_inspect *req, struct keg_buf *out,
			struct keg_err *err)
{
	auto(inspected) in = { 0 };
	autofree char *type = NULL;

	int r = open_named(req, &in, err);
	if (r < 0)
		return r;
	r = image_source_manifest(in.src, NULL, &in.toplevel, &type, err);
	if (r < 0)
		return keg_wrap(err, "Error retrieving manifest for image");
	if (req->raw && !req->config) {
		keg_buf_add(out, in.toplevel.data, in.toplevel.len);
		return 0;
	}
	bool schema1 = manifest_kind_of(in.toplevel.data, in.toplevel.len, type) ==
		       MANIFEST_DOCKER_SCHEMA1;
	r = schema1 ? take_schema1(&in, err) : choose_image(req, &in, type, err);
	if (r < 0)
		return keg_wrap(err, "Error parsing manifest for image");
	r = schema1 ? 0 : read_config(&in, err);
	if (r >= 0 && !req->raw && !schema1)
		r = image_config_parse(in.config_bytes.data, in.config_bytes.len, &in.arena,
				       &in.config, err);
	if (r < 0)
		return keg_wrap(err, "Error reading config blob");
	if (req->raw) {
		keg_buf_add(out, in.config_bytes.data, in.config_bytes.len);
		return 0;
	}
	if (req->config) {
		describe_config(&in, out);
		return 0;
	}
	return describe(req, &in, out, err);
}

int transfer_inspect(const struct transfer_inspect *req, struct keg_buf *out, struct keg_err *err)
{
	unsigned tries = 0;
	int r;

	do
		r = inspect_once(req, out, err);
	while (image_try_again(req->access, r, &tries));
	return r;
}

static int archive_tags(const char *rest, const struct image_access *access, struct keg_strv *out,
			struct keg_err *err)
{
	auto(docker_archive_ref) ref = { 0 };
	auto(keg_arena) arena = { 0 };
	autoptr(archive_index) index = NULL;
	struct docker_archive list;

	int r = docker_archive_ref_parse(rest, &ref, err);
	if (r >= 0)
		r = archive_index_open(ref.path, access->tmpdir, &index, err);
	if (r >= 0)
		r = docker_archive_list(index, &arena, &list, err);
	for (size_t i = 0; r >= 0 && i < list.n_items; i++)
		keg_strv_extend(out, list.items[i].repo_tags, list.items[i].n_repo_tags);
	return r;
}

static int list_tags_once(const struct image_access *access, const char *name, struct keg_buf *out,
			  struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	autofree char *repository = NULL;
	auto(keg_strv) tags = { 0 };

	int r = image_name_parse(name, &transport, &rest, err);
	if (r < 0)
		return keg_wrap(err, "Invalid \"%s\": does not specify a transport", name);
	if (transport == &image_transport_docker)
		r = image_docker_tags(rest, access, &repository, &tags, err);
	else if (transport == &image_transport_docker_archive)
		r = archive_tags(rest, access, &tags, err);
	else
		r = keg_fail(err, KEG_EUNSUPPORTED,
			     "Unsupported transport '%s' for tag listing. Only supported: docker, "
			     "docker-archive",
			     transport->name);
	if (r < 0)
		return r;

	autojson root = json_object_new_object();
	keg_json_put_str(root, "Repository", repository);
	json_object_object_add(root, "Tags", strings((const char *const *)tags.v, tags.n));
	go_json_print_indented(root, INDENT, out);
	return 0;
}

int transfer_list_tags(const struct image_access *access, const char *name, struct keg_buf *out,
		       struct keg_err *err)
{
	unsigned tries = 0;
	int r;

	do
		r = list_tags_once(access, name, out, err);
	while (image_try_again(access, r, &tries));
	return r;
}
