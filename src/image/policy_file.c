/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of requirement has its table of members, so that one which belongs to another kind
 * is unknown. Then what the tables cannot say: that exactly one source of keys is given, and
 * that names are names.
 */
#include "image/policy_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json_strict.h"
#include "base/mem.h"
#include "image/policy_rule.h"
#include "image/scopes.h"

struct policy_scope {
	const char *transport, *name;
	struct policy_rules rules;
};

struct policy_file {
	struct keg_arena arena;
	struct policy_rules fallback;
	struct policy_scope *scopes;
	size_t n_scopes, room;
};

static int parse_rules(struct policy_file *file, struct json_object *list, struct policy_rules *out,
		       struct keg_err *err)
{
	if (!json_object_is_type(list, json_type_array))
		return keg_fail(err, KEG_ECORRUPT, "list of requirements expected");
	out->n = json_object_array_length(list);
	if (out->n == 0)
		return keg_fail(err, KEG_ECORRUPT,
				"List of verification policy requirements must not be empty");
	out->v = keg_arena_alloc(&file->arena, out->n, sizeof *out->v);
	for (size_t i = 0; i < out->n; i++) {
		int r = policy_rule_parse(json_object_array_get_idx(list, i), &file->arena,
					  &out->v[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct policy_scope *add_scope(struct policy_file *file)
{
	file->scopes = keg_grow(file->scopes, file->n_scopes, &file->room, sizeof *file->scopes);
	struct policy_scope *scope = &file->scopes[file->n_scopes++];
	*scope = (struct policy_scope){ 0 };
	return scope;
}

static int parse_transport(struct policy_file *file, const char *transport,
			   struct json_object *scopes, struct keg_err *err)
{
	if (!json_object_is_type(scopes, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "JSON object expected");
	json_object_object_foreach(scopes, name, list)
	{
		if (*name && !image_scope_is_valid(transport, name))
			return keg_fail(err, KEG_ECORRUPT, "Unknown key \"%s\"", name);

		struct policy_scope *scope = add_scope(file);
		scope->transport = keg_arena_strdup(&file->arena, transport);
		scope->name = keg_arena_strdup(&file->arena, name);
		int r = parse_rules(file, list, &scope->rules, err);
		if (r < 0)
			return keg_wrap(err, "\"%s\"", name);
	}
	return 0;
}

struct policy_top {
	struct json_object *fallback, *transports;
};
static const struct keg_json_field top_rows[] = {
	JSON_RAW("default", struct policy_top, fallback, 0),
	JSON_RAW("transports", struct policy_top, transports, 0),
	JSON_END,
};

static int parse_file(struct policy_file *file, struct json_object *root, struct keg_err *err)
{
	struct policy_top top = { 0 };

	int r = keg_json_decode_strict(root, top_rows, &top, &file->arena, err);
	if (r < 0)
		return r;
	if (!top.fallback)
		return keg_fail(err, KEG_ECORRUPT, "Default policy is missing");
	r = parse_rules(file, top.fallback, &file->fallback, err);
	if (r < 0)
		return keg_wrap(err, "default");
	if (!top.transports)
		return 0;
	if (!json_object_is_type(top.transports, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "transports: JSON object expected");
	json_object_object_foreach(top.transports, name, scopes)
	{
		r = parse_transport(file, name, scopes, err);
		if (r < 0)
			return keg_wrap(err, "transports.%s", name);
	}
	return 0;
}

int policy_file_parse(const char *text, size_t len, struct policy_file **out, struct keg_err *err)
{
	autojson root = NULL;
	autoptr(policy_file) file = keg_alloc(1, sizeof *file);

	int r = keg_json_parse_strict(text, len, &root, err);
	if (r >= 0)
		r = parse_file(file, root, err);
	if (r < 0)
		return r;
	*out = take_ptr(&file);
	return 0;
}

int policy_file_read(const char *path, struct policy_file **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	int r = keg_file_read(AT_FDCWD, path, POLICY_BYTES_MAX, &text, err);
	if (r < 0)
		return r;
	r = policy_file_parse(keg_buf_text(&text), text.len, out, err);
	return r < 0 ? keg_wrap(err, "invalid policy in \"%s\"", path) : r;
}

void policy_file_free(struct policy_file *file)
{
	keg_arena_done(&file->arena);
	free(file->scopes);
	free(file);
}

static const struct policy_rules *find(const struct policy_file *file, const char *transport,
				       const char *name)
{
	for (size_t i = 0; i < file->n_scopes; i++) {
		const struct policy_scope *scope = &file->scopes[i];

		if (strcmp(scope->transport, transport) == 0 && strcmp(scope->name, name) == 0)
			return &scope->rules;
	}
	return NULL;
}

const struct policy_rules *policy_file_find(const struct policy_file *file, const char *transport,
					    const struct keg_strv *scopes)
{
	const struct policy_rules *found = NULL;

	for (size_t i = 0; i < scopes->n && !found; i++)
		found = find(file, transport, scopes->v[i]);
	if (!found)
		found = find(file, transport, "");
	return found ? found : &file->fallback;
}

char *policy_file_path(const char *named)
{
	const char *home = getenv("HOME");

	if (named)
		return keg_strdup(named);
	if (home) {
		autofree char *own = keg_path_join(home, ".config/containers/policy.json");
		if (keg_exists(AT_FDCWD, own))
			return take_ptr(&own);
	}
	return keg_exists(AT_FDCWD, POLICY_SYSTEM_FILE) ? keg_strdup(POLICY_SYSTEM_FILE) : NULL;
}
