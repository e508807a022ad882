/* SPDX-License-Identifier: Apache-2.0 */
/* list_edit: manifest lists in the store. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "image/copy.h"
#include "image/digest_of.h"
#include "image/local_list.h"
#include "image/storage_ref.h"
#include "image/transfer_parts.h"
#include "registry/short_names.h"
#include "spec/image_config.h"
#include "store/store.h"

/* One image that is to be added. */
struct adding {
	struct local_list *list;
	const char *name; /* "transport:details", with the store's place in it */
	struct image_source *src;
	struct keg_buf toplevel;
	struct manifest_doc doc;
};

static void adding_done(struct adding *adding)
{
	if (adding->src)
		image_source_free(adding->src);
	keg_buf_done(&adding->toplevel);
}
KEG_AUTO(adding, adding_done)

static void set_annotation(struct keg_arena *arena, struct keg_pair **pairs, size_t *n,
			   const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = (size_t)(equals - text);
	struct keg_pair *more;

	for (size_t i = 0; i < *n; i++) {
		if (strlen((*pairs)[i].key) == len && strncmp((*pairs)[i].key, text, len) == 0) {
			(*pairs)[i].value = keg_arena_strdup(arena, equals + 1);
			return;
		}
	}
	more = keg_arena_alloc(arena, *n + 1, sizeof *more);
	if (*n > 0)
		memcpy(more, *pairs, *n * sizeof *more);
	more[*n] = (struct keg_pair){ keg_arena_strndup(arena, text, len),
				      keg_arena_strdup(arena, equals + 1) };
	*pairs = more;
	++*n;
}

static void set_text(struct keg_arena *arena, const char **to, const char *text)
{
	if (text)
		*to = keg_arena_strdup(arena, text);
}

static void set_texts(struct keg_arena *arena, const char ***to, size_t *n_to,
		      const char *const *texts, size_t n)
{
	if (n == 0)
		return;
	*to = keg_arena_alloc(arena, n + 1, sizeof **to);
	for (size_t i = 0; i < n; i++)
		(*to)[i] = keg_arena_strdup(arena, texts[i]);
	*n_to = n;
}

static void change_entry(struct local_list *list, struct descriptor *entry,
			 const struct transfer_list_change *change)
{
	struct keg_arena *arena = &list->arena;

	if (!entry->platform)
		entry->platform = keg_arena_alloc(arena, 1, sizeof *entry->platform);
	set_text(arena, &entry->platform->os, change->os);
	set_text(arena, &entry->platform->architecture, change->arch);
	set_text(arena, &entry->platform->variant, change->variant);
	set_text(arena, &entry->platform->os_version, change->os_version);
	set_texts(arena, &entry->platform->os_features, &entry->platform->n_os_features,
		  change->os_features, change->n_os_features);
	set_texts(arena, &entry->platform->features, &entry->platform->n_features, change->features,
		  change->n_features);
	for (size_t i = 0; i < change->n_annotations; i++)
		set_annotation(arena, &entry->annotations, &entry->n_annotations,
			       change->annotations[i]);
}

/* The platform that an image's configuration names. */
static int read_platform(struct adding *adding, const struct manifest *image, struct platform *out,
			 struct keg_err *err)
{
	struct image_blob blob = { .size = image->config->size, .layer = IMAGE_CONFIG_LAYER };
	struct keg_arena *arena = &adding->list->arena;
	auto(keg_buf) bytes = { 0 };
	struct image_config config;

	snprintf(blob.digest, sizeof blob.digest, "%s", image->config->digest);
	int r = image_source_blob_read(adding->src, &blob, IMAGE_CONFIG_BYTES_MAX, &bytes, err);
	if (r >= 0)
		r = image_config_parse(bytes.data, bytes.len, arena, &config, err);
	if (r < 0)
		return keg_wrap(err, "reading config of %s", adding->name);
	*out = (struct platform){ .os = config.os,
				  .architecture = config.architecture,
				  .variant = config.variant };
	return 0;
}

static bool is_image_config(const char *media_type)
{
	return keg_str_eq(media_type, MEDIA_OCI_CONFIG) ||
	       keg_str_eq(media_type, MEDIA_DOCKER_CONFIG);
}

/* An image that is no index: its bytes are the toplevel ones. */
static int add_image(struct adding *adding, char digest[DIGEST_SHA256_LEN + 1], struct keg_err *err)
{
	const struct manifest *image = &adding->doc.image;
	struct keg_arena *arena = &adding->list->arena;
	struct platform platform = { 0 };
	int r = 0;

	image_digest_of(digest, adding->toplevel.data, adding->toplevel.len);
	if (!image->artifact_type && is_image_config(image->config->media_type))
		r = read_platform(adding, image, &platform, err);
	if (r < 0)
		return r;
	struct descriptor *entry =
		local_list_entry(adding->list, digest, (int64_t)adding->toplevel.len);
	entry->media_type = manifest_kind_media(adding->doc.kind);
	entry->artifact_type = image->artifact_type;
	if (platform.os) {
		entry->platform = keg_arena_alloc(arena, 1, sizeof *entry->platform);
		*entry->platform = platform;
	}
	keg_json_put_str(adding->list->instances, digest, adding->name);
	return 0;
}

/* Entries of an index as they are: all, or the one for the platform. */
static int add_from_index(struct adding *adding, const struct transfer_list_edit *req,
			  struct keg_strv *digests, struct keg_err *err)
{
	const struct manifest_index *index = &adding->doc.index;
	const char *chosen = NULL;

	if (!req->all) {
		chosen = image_pick_instance(&adding->doc, req->access, err);
		if (!chosen)
			return keg_wrap(err, "choosing an image from %s", adding->name);
	}
	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *from = &index->manifests[i];

		if (chosen && !keg_str_eq(chosen, from->digest))
			continue;
		*local_list_entry(adding->list, from->digest, from->size) = *from;
		keg_json_put_str(adding->list->instances, from->digest, adding->name);
		keg_strv_add(digests, from->digest);
	}
	return 0;
}

/* An image of the store is named by the store's place and its id, which a new tag does not move. */
static int name_fully(const char *text, struct store *store,
		      const struct image_transport *transport, const char *rest,
		      struct keg_arena *arena, const char **out, struct keg_err *err)
{
	const struct store_config *config = store_config(store);
	auto(storage_ref) ref = { 0 };
	struct store_image image;

	*out = text;
	if (transport != &image_transport_storage)
		return 0;
	int r = storage_ref_parse(rest, &ref, err);
	if (r < 0 || ref.graphroot)
		return r;
	r = storage_ref_resolve(&ref, store, arena, &image, err);
	if (r < 0)
		return r;
	autofree char *name = keg_printf("containers-storage:[%s@%s+%s]@%s", config->driver,
					 config->graphroot, config->runroot, image.id);
	*out = keg_arena_strdup(arena, name);
	return 0;
}

/* "transport:details" as it is; of a name on registries each that it may stand for. */
static int places_of(const struct transfer_list_edit *req, const char *text,
		     struct registry_candidates *out, struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	autoptr(registry_config) config = NULL;
	struct keg_err ignored;

	if (image_name_parse(text, &transport, &rest, &ignored) >= 0) {
		keg_strv_add(&out->names, text);
		return 0;
	}
	int r = registry_config_load(req->access->registries_conf, req->access->registries_conf_dir,
				     &config, err);
	if (r >= 0)
		r = registry_short_name_resolve(config, text, NULL, NULL, out, err);
	for (size_t i = 0; r >= 0 && i < out->names.n; i++) {
		char *place = keg_printf("docker://%s", out->names.v[i]);

		free(out->names.v[i]);
		out->names.v[i] = place;
	}
	return r;
}

static int add_place(struct local_list *list, struct store *store,
		     const struct transfer_list_edit *req, const char *text, struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	auto(adding) adding = { .list = list };
	auto(keg_strv) digests = { 0 };
	autofree char *type = NULL;
	char digest[DIGEST_SHA256_LEN + 1];

	int r = image_name_parse(text, &transport, &rest, err);
	if (r >= 0)
		r = name_fully(text, store, transport, rest, &list->arena, &adding.name, err);
	if (r >= 0)
		r = transport->source(rest, req->access, &adding.src, err);
	if (r >= 0)
		r = image_source_manifest(adding.src, NULL, &adding.toplevel, &type, err);
	if (r >= 0)
		r = manifest_parse(adding.toplevel.data, adding.toplevel.len, type, &list->arena,
				   &adding.doc, err);
	if (r < 0)
		return keg_wrap(err, "adding %s", text);
	if (manifest_kind_is_index(adding.doc.kind)) {
		r = add_from_index(&adding, req, &digests, err);
	} else {
		r = add_image(&adding, digest, err);
		if (r >= 0)
			keg_strv_add(&digests, digest);
	}
	for (size_t i = 0; r >= 0 && i < digests.n; i++)
		change_entry(list, local_list_entry(list, digests.v[i], -1), &req->change);
	return r;
}

static int add_one(struct local_list *list, struct store *store,
		   const struct transfer_list_edit *req, const char *text, struct keg_err *err)
{
	auto(registry_candidates) places = { 0 };
	int r = places_of(req, text, &places, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < places.names.n; i++) {
		r = add_place(list, store, req, places.names.v[i], err);
		if (r >= 0)
			return r;
	}
	return r;
}

static int read_manifest(const struct transfer_list_edit *req, const char *text,
			 struct keg_buf *out, char **media_type, struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	auto(registry_candidates) places = { 0 };
	int r = places_of(req, text, &places, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < places.names.n; i++) {
		autoptr(image_source) src = NULL;

		r = image_name_parse(places.names.v[i], &transport, &rest, err);
		if (r >= 0)
			r = transport->source(rest, req->access, &src, err);
		if (r >= 0)
			r = image_source_manifest(src, NULL, out, media_type, err);
		if (r >= 0)
			return r;
	}
	return r;
}

/* The digest of an entry: given as such, or that of an image by its name. */
static int find_entry(struct local_list *list, const struct transfer_list_edit *req,
		      const char *text, struct descriptor **out, struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	char digest[DIGEST_SHA256_LEN + 1];
	struct keg_err ignored;

	if (digest_check(text, &ignored) >= 0) {
		*out = local_list_entry(list, text, -1);
	} else {
		int r = read_manifest(req, text, &bytes, NULL, err);
		if (r < 0)
			return keg_wrap(err, "finding instance for \"%s\"", text);
		image_digest_of(digest, bytes.data, bytes.len);
		*out = local_list_entry(list, digest, -1);
	}
	if (!*out)
		return keg_fail(err, KEG_ENOTFOUND, "no instance matching \"%s\" found in the list",
				text);
	return 0;
}

/* What the list as a whole is about: an image, by its descriptor. */
static int set_subject(struct local_list *list, const struct transfer_list_edit *req,
		       struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	autofree char *told = NULL;
	char digest[DIGEST_SHA256_LEN + 1];
	struct manifest_doc doc;
	int r = read_manifest(req, req->change.subject, &bytes, &told, err);

	if (r >= 0)
		r = manifest_parse(bytes.data, bytes.len, told, &list->arena, &doc, err);
	if (r < 0)
		return keg_wrap(err, "reading the subject %s", req->change.subject);
	image_digest_of(digest, bytes.data, bytes.len);
	struct descriptor *subject = keg_arena_alloc(&list->arena, 1, sizeof *subject);
	subject->media_type = manifest_kind_media(doc.kind);
	subject->digest = keg_arena_strdup(&list->arena, digest);
	subject->size = (int64_t)bytes.len;
	list->index.subject = subject;
	return 0;
}

static int annotate(struct local_list *list, const struct transfer_list_edit *req,
		    struct keg_err *err)
{
	struct descriptor *entry;

	if (req->n_images == 0) {
		for (size_t i = 0; i < req->change.n_annotations; i++)
			set_annotation(&list->arena, &list->index.annotations,
				       &list->index.n_annotations, req->change.annotations[i]);
		return req->change.subject ? set_subject(list, req, err) : 0;
	}
	int r = find_entry(list, req, req->images[0], &entry, err);
	if (r >= 0)
		change_entry(list, entry, &req->change);
	return r;
}

static int edit(struct local_list *list, struct store *store, const struct transfer_list_edit *req,
		struct keg_err *err)
{
	int r = 0;

	switch (req->what) {
	case TRANSFER_LIST_ADD:
		for (size_t i = 0; r >= 0 && i < req->n_images; i++)
			r = add_one(list, store, req, req->images[i], err);
		return r;
	case TRANSFER_LIST_ANNOTATE:
		return annotate(list, req, err);
	case TRANSFER_LIST_REMOVE:
		for (size_t i = 0; r >= 0 && i < req->n_images; i++) {
			if (!local_list_drop(list, req->images[i]))
				r = keg_fail(err, KEG_ENOTFOUND,
					     "no instance matching digest \"%s\" found in the list",
					     req->images[i]);
		}
		return r;
	}
	keg_bug("no such change of a list");
}

static int check_annotations(const struct transfer_list_change *change, struct keg_err *err)
{
	for (size_t i = 0; i < change->n_annotations; i++) {
		if (!strchr(change->annotations[i], '='))
			return keg_fail(err, KEG_EUSAGE,
					"expected --annotation \"%s\" to be in key=value format",
					change->annotations[i]);
	}
	return 0;
}

int transfer_list_edit(const struct transfer_list_edit *req, char **id, struct keg_err *err)
{
	const struct storage_ref here = { 0 };
	auto(local_list) list = { 0 };
	autoptr(store) store = NULL;
	struct store_image image;

	int r = check_annotations(&req->change, err);
	if (r >= 0)
		r = storage_ref_open(&here, req->access, &store, err);
	if (r < 0)
		return r;
	autofd int lock = local_list_lock(store, err);
	if (lock < 0)
		return lock;
	if (req->list) {
		r = store_image_find(store, req->list, &list.arena, &image, err);
		if (r >= 0)
			r = local_list_load(store, &image, &list, err);
	} else {
		list.instances = json_object_new_object();
	}
	if (r >= 0)
		r = edit(&list, store, req, err);
	if (r >= 0)
		r = local_list_save(&list, store, &req->new_name, req->new_name ? 1 : 0, err);
	if (r >= 0)
		*id = take_ptr(&list.id);
	return r;
}
