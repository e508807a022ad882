/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.example.com:
 *     images: {busybox: [], redis: ["1.0", "sha256:..."]}     an empty list: every tag
 *     images-by-tag-regex: {nginx: ^1\.13}
 *     images-by-semver: {alpine: ">= 3.12.0"}
 *     credentials: {username: john, password: secret}
 *     tls-verify: true
 *     cert-dir: /home/john/certs
 *
 * A repository that cannot be listed is passed over and the others are copied. What is wrong
 * with the file itself is an error before anything is copied.
 */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "image/semver.h"
#include "image/sync_sources.h"
#include "image/tag_pattern.h"
#include "image/yaml_tree.h"

enum { YAML_MOST = 4 << 20 };

struct yaml_sync {
	const struct transfer_sync *req;
	struct sync_sources *out;
	const char *registry;
	struct image_access access; /* of the registry */
};

static int want_type(struct json_object *value, enum json_type type, const char *name,
		     struct keg_err *err)
{
	if (!value || json_object_is_type(value, type))
		return 0;
	return keg_fail(err, KEG_ECORRUPT, "%s: not %s", name,
			type == json_type_object  ? "a map"
			: type == json_type_array ? "a list"
						  : "a text");
}

static int take_text(struct json_object *map, const char *name, const char **out,
		     struct keg_err *err)
{
	struct json_object *value = keg_json_get(map, name);

	int r = want_type(value, json_type_string, name, err);
	if (r >= 0 && value)
		*out = json_object_get_string(value);
	return r;
}

static int check_members(struct json_object *map, const char *const *known, struct keg_err *err)
{
	if (!map)
		return 0;
	json_object_object_foreach(map, name, value)
	{
		size_t i = 0;

		(void)value;
		while (known[i] && strcmp(known[i], name) != 0)
			i++;
		if (!known[i])
			return keg_fail(err, KEG_EUSAGE, "unknown member \"%s\"", name);
	}
	return 0;
}

static int take_verify(struct json_object *map, struct image_access *access, struct keg_err *err)
{
	const char *text = NULL;

	int r = take_text(map, "tls-verify", &text, err);
	if (r < 0 || !text)
		return r;
	access->tls_verify = strcasecmp(text, "true") == 0;
	access->tls_verify_given = true;
	if (!access->tls_verify && strcasecmp(text, "false") != 0)
		return keg_fail(err, KEG_ECORRUPT, "tls-verify: neither true nor false");
	return 0;
}

/* The texts live as long as the result: in its arena. */
static int take_access(struct yaml_sync *in, struct json_object *map, struct keg_err *err)
{
	static const char *const known[] = { "username", "password", NULL };
	struct json_object *credentials = keg_json_get(map, "credentials");
	const char *cert_dir = NULL, *username = NULL, *password = "";

	in->access = *in->req->source_access;
	int r = take_verify(map, &in->access, err);
	if (r >= 0)
		r = take_text(map, "cert-dir", &cert_dir, err);
	if (r >= 0)
		r = want_type(credentials, json_type_object, "credentials", err);
	if (r >= 0)
		r = check_members(credentials, known, err);
	if (r >= 0)
		r = take_text(credentials, "username", &username, err);
	if (r >= 0)
		r = take_text(credentials, "password", &password, err);
	if (r < 0)
		return r;
	if (cert_dir)
		in->access.cert_dir = keg_arena_strdup(&in->out->arena, cert_dir);
	if (username) {
		in->access.username = keg_arena_strdup(&in->out->arena, username);
		in->access.password = keg_arena_strdup(&in->out->arena, password);
		in->access.no_creds = false;
	}
	return 0;
}

static void skip(const struct yaml_sync *in, const char *repository, const char *why)
{
	sync_tell(in->req, "Skipping %s/%s: %s", in->registry, repository, why);
}

/* The images of one repository; one that gives none is told of. */
static void add_repository(struct yaml_sync *in, const char *name, struct json_object *whats,
			   const struct sync_filter *filter)
{
	autofree char *repository = keg_printf("%s/%s", in->registry, name);
	struct sync_source *to = sync_sources_add(in->out, &in->access);
	size_t n = whats ? json_object_array_length(whats) : 0;
	struct keg_err why;

	if (n == 0 && sync_source_add_tags(to, repository, filter, &why) < 0)
		skip(in, name, why.msg);
	else if (n == 0 && to->names.n == 0)
		sync_tell(in->req, "No refs to sync found in %s", repository);
	for (size_t i = 0; i < n; i++) {
		const char *what = json_object_get_string(json_object_array_get_idx(whats, i));

		if (sync_source_add(to, repository, what ? what : "", &why) < 0)
			skip(in, name, why.msg);
	}
	if (to->names.n == 0)
		in->out->n--;
}

static int add_images(struct yaml_sync *in, struct json_object *images, struct keg_err *err)
{
	if (!images)
		return 0;
	json_object_object_foreach(images, name, whats)
	{
		int r = want_type(whats, json_type_array, name, err);

		if (r < 0)
			return r;
		add_repository(in, name, whats, NULL);
	}
	return 0;
}

static bool pattern_wants(const void *ctx, const char *tag)
{
	return tag_pattern_matches(ctx, tag);
}

static bool range_wants(const void *ctx, const char *tag)
{
	return semver_range_has(ctx, tag);
}

static int add_by_regex(struct yaml_sync *in, const char *name, const char *text,
			struct keg_err *err)
{
	autoptr(tag_pattern) pattern = NULL;

	int r = tag_pattern_parse(text, &pattern, err);
	if (r >= 0)
		add_repository(in, name, NULL, &(struct sync_filter){ pattern_wants, pattern });
	return r;
}

static int add_by_semver(struct yaml_sync *in, const char *name, const char *text,
			 struct keg_err *err)
{
	autoptr(semver_range) range = NULL;

	int r = semver_range_parse(text, &range, err);
	if (r >= 0)
		add_repository(in, name, NULL, &(struct sync_filter){ range_wants, range });
	return r;
}

static int add_filtered(struct yaml_sync *in, struct json_object *filters,
			int (*add)(struct yaml_sync *in, const char *name, const char *text,
				   struct keg_err *err),
			struct keg_err *err)
{
	if (!filters)
		return 0;
	json_object_object_foreach(filters, name, value)
	{
		int r = want_type(value, json_type_string, name, err);

		if (r >= 0)
			r = add(in, name, value ? json_object_get_string(value) : "", err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_registry(struct yaml_sync *in, struct json_object *map, struct keg_err *err)
{
	static const char *const known[] = {
		"images",      "images-by-tag-regex", "images-by-semver",
		"credentials", "tls-verify",	      "cert-dir",
		NULL
	};
	static const char *const lists[] = { "images", "images-by-tag-regex", "images-by-semver" };
	struct json_object *v[KEG_COUNT(lists)];
	bool any = false;

	int r = want_type(map, json_type_object, in->registry, err);
	if (r >= 0)
		r = check_members(map, known, err);
	for (size_t i = 0; i < KEG_COUNT(lists) && r >= 0; i++) {
		v[i] = keg_json_get(map, lists[i]);
		r = want_type(v[i], json_type_object, lists[i], err);
		any |= r >= 0 && v[i] && json_object_object_length(v[i]) > 0;
	}
	if (r >= 0)
		r = take_access(in, map, err);
	if (r >= 0 && !any)
		sync_tell(in->req, "No images specified for registry %s", in->registry);
	if (r >= 0)
		r = add_images(in, v[0], err);
	if (r >= 0)
		r = add_filtered(in, v[1], add_by_regex, err);
	return r < 0 ? r : add_filtered(in, v[2], add_by_semver, err);
}

int sync_yaml_find(const struct transfer_sync *req, struct sync_sources *out, struct keg_err *err)
{
	struct yaml_sync in = { .req = req, .out = out };
	auto(keg_buf) text = { 0 };
	autojson root = NULL;

	int r = keg_file_read(AT_FDCWD, req->source, YAML_MOST, &text, err);
	if (r < 0)
		return r;
	r = yaml_tree_parse(keg_buf_text(&text), text.len, &root, err);
	if (r >= 0)
		r = want_type(root, json_type_object, "the document", err);
	if (r < 0)
		return keg_wrap(err, "Failed to unmarshal \"%s\"", req->source);
	if (!root)
		return 0;
	json_object_object_foreach(root, registry, map)
	{
		in.registry = registry;
		r = add_registry(&in, map, err);
		if (r < 0)
			return keg_wrap(err, "%s: registry %s", req->source, registry);
	}
	return 0;
}
