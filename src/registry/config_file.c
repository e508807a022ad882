/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/config_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/strv.h"
#include "base/toml.h"
#include "spec/reference.h"

enum { MAX_CONFIG_BYTES = 4 << 20 };

static const struct keg_json_field mirror_rows[] = {
	JSON_STR("location", struct config_mirror, location, 0),
	JSON_BOOL("insecure", struct config_mirror, insecure, 0),
	JSON_STR("pull-from-mirror", struct config_mirror, pull_from_mirror, 0),
	JSON_END,
};

static const struct keg_json_field registry_rows[] = {
	JSON_STR("prefix", struct config_registry, prefix, 0),
	JSON_STR("location", struct config_registry, location, 0),
	JSON_BOOL("insecure", struct config_registry, insecure, 0),
	JSON_BOOL("blocked", struct config_registry, blocked, 0),
	JSON_BOOL("mirror-by-digest-only", struct config_registry, mirror_by_digest_only, 0),
	JSON_OBJV("mirror", struct config_registry, mirrors, 0, config_mirror, mirror_rows),
	JSON_END,
};

static const struct keg_json_field file_rows[] = {
	JSON_STRV("unqualified-search-registries", struct config_file, search, 0),
	JSON_STRV("credential-helpers", struct config_file, helpers, 0),
	JSON_STR("short-name-mode", struct config_file, short_name_mode, 0),
	JSON_OBJV("registry", struct config_file, registries, 0, config_registry, registry_rows),
	JSON_RAW("aliases", struct config_file, aliases, 0),
	JSON_RAW("registries", struct config_file, v1, 0),
	JSON_END,
};

/* A location without the slash that people put at its end; NULL where there is none. */
static int trim(const char **location, struct keg_arena *arena, struct keg_err *err)
{
	size_t len = *location ? strlen(*location) : 0;

	while (len > 0 && (*location)[len - 1] == '/')
		len--;
	if (len == 0) {
		*location = NULL;
		return 0;
	}
	if (keg_str_starts(*location, "http://") || keg_str_starts(*location, "https://"))
		return keg_fail(err, KEG_EUSAGE,
				"invalid location '%s': URI schemes are not supported", *location);
	*location = keg_arena_strndup(arena, *location, len);
	return 0;
}

static int check_mirror(const struct config_registry *registry, struct config_mirror *mirror,
			struct keg_arena *arena, struct keg_err *err)
{
	static const struct {
		const char *word;
		enum mirror_use use;
	} uses[] = {
		{ "", MIRROR_ALWAYS },
		{ "all", MIRROR_ALWAYS },
		{ "digest-only", MIRROR_BY_DIGEST },
		{ "tag-only", MIRROR_BY_TAG },
	};
	const char *word = mirror->pull_from_mirror ? mirror->pull_from_mirror : "";

	int r = trim(&mirror->location, arena, err);
	if (r < 0)
		return r;
	if (!mirror->location)
		return keg_fail(err, KEG_EUSAGE, "invalid condition: mirror location is unset");
	if (registry->mirror_by_digest_only && *word)
		return keg_fail(err, KEG_EUSAGE,
				"cannot set mirror usage mirror-by-digest-only for the registry "
				"(\"%s\") and pull-from-mirror for per-mirror (\"%s\") at the "
				"same time",
				registry->prefix, mirror->location);
	if (registry->mirror_by_digest_only)
		mirror->use = MIRROR_BY_DIGEST;
	for (size_t i = 0; i < KEG_COUNT(uses); i++) {
		if (strcmp(uses[i].word, word) == 0) {
			mirror->use = *word ? uses[i].use : mirror->use;
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE,
			"unsupported pull-from-mirror value \"%s\" for mirror \"%s\"", word,
			mirror->location);
}

static int check_registry(struct config_registry *registry, struct keg_arena *arena,
			  struct keg_err *err)
{
	int r = trim(&registry->prefix, arena, err);
	if (r < 0)
		return r;
	r = trim(&registry->location, arena, err);
	if (r < 0)
		return r;
	if (!registry->prefix && !registry->location)
		return keg_fail(err, KEG_EUSAGE,
				"invalid condition: both location and prefix are unset");
	if (!registry->prefix)
		registry->prefix = registry->location;
	if (!registry->location && !keg_str_starts(registry->prefix, "*."))
		return keg_fail(err, KEG_EUSAGE,
				"invalid condition: location is unset and prefix is not in the "
				"format: *.example.com");
	for (size_t i = 0; i < registry->n_mirrors; i++) {
		r = check_mirror(registry, &registry->mirrors[i], arena, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The same prefix twice is harmless as long as both say the same. */
static int check_conflicts(const struct config_file *file, struct keg_err *err)
{
	for (size_t i = 0; i < file->n_registries; i++) {
		for (size_t k = i + 1; k < file->n_registries; k++) {
			const struct config_registry *a = &file->registries[i];
			const struct config_registry *b = &file->registries[k];

			if (strcmp(a->prefix, b->prefix) != 0)
				continue;
			if (a->insecure != b->insecure || a->blocked != b->blocked)
				return keg_fail(err, KEG_EUSAGE,
						"registry '%s' is defined multiple times with "
						"conflicting '%s' setting",
						a->prefix,
						a->insecure != b->insecure ? "insecure"
									   : "blocked");
		}
	}
	return 0;
}

static int check_search(struct config_file *file, struct keg_arena *arena, struct keg_err *err)
{
	for (size_t i = 0; i < file->n_search; i++) {
		const char *entry = file->search[i];

		int r = trim(&file->search[i], arena, err);
		if (r < 0)
			return r;
		if (!file->search[i] || strpbrk(file->search[i], "/ @"))
			return keg_fail(err, KEG_EUSAGE,
					"Invalid unqualified-search-registries entry \"%s\"",
					entry);
	}
	return 0;
}

static int check_alias_part(const char *what, const char *text, bool want_domain,
			    struct keg_err *err)
{
	auto(reference) ref = { 0 };
	const char *wrong = NULL;

	int r = reference_parse(text, &ref, err);
	if (r < 0)
		return keg_wrap(err, "invalid %s \"%s\"", what, text);
	if (ref.digest)
		wrong = "must not contain digest";
	else if (ref.tag)
		wrong = "must not contain tag";
	else if (want_domain && !ref.domain)
		wrong = "must contain registry and repository";
	else if (!want_domain && ref.domain)
		wrong = "must not contain registry";
	return wrong ? keg_fail(err, KEG_EUSAGE, "invalid %s \"%s\": %s", what, text, wrong) : 0;
}

static int check_aliases(struct json_object *aliases, struct keg_err *err)
{
	if (!aliases)
		return 0;
	if (!json_object_is_type(aliases, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "aliases: not a table");
	json_object_object_foreach(aliases, name, value)
	{
		if (!json_object_is_type(value, json_type_string))
			return keg_fail(err, KEG_ECORRUPT, "aliases.%s: not a string", name);
		int r = check_alias_part("short name", name, false, err);
		if (r < 0)
			return r;
		const char *full = json_object_get_string(value);
		r = *full ? check_alias_part("alias", full, true, err) : 0; /* "": erased */
		if (r < 0)
			return r;
	}
	return 0;
}

/* One list of the old format: [registries.search] registries = [...] */
static struct json_object *v1_list(struct json_object *v1, const char *name)
{
	struct json_object *list = keg_json_get(keg_json_get(v1, name), "registries");

	return list && json_object_is_type(list, json_type_array) ? list : NULL;
}

static void v1_mark(struct config_file *file, struct json_object *list, bool blocked,
		    struct keg_arena *arena)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));
		struct config_registry *registry = NULL;

		for (size_t k = 0; k < file->n_registries; k++) {
			if (keg_str_eq(file->registries[k].location, name))
				registry = &file->registries[k];
		}
		if (!registry) {
			registry = &file->registries[file->n_registries++];
			registry->location = keg_arena_strdup(arena, name);
		}
		registry->blocked |= blocked;
		registry->insecure |= !blocked;
	}
}

/* The three lists of the old format say what [[registry]] says today. */
static int convert_v1(struct config_file *file, struct keg_arena *arena, struct keg_err *err)
{
	struct json_object *search = v1_list(file->v1, "search");
	struct json_object *insecure = v1_list(file->v1, "insecure");
	struct json_object *block = v1_list(file->v1, "block");
	size_t most = (insecure ? json_object_array_length(insecure) : 0) +
		      (block ? json_object_array_length(block) : 0);

	if (file->n_registries > 0 || file->has_search)
		return keg_fail(err, KEG_EUSAGE, "mixing sysregistry v1/v2 is not supported");
	file->registries = keg_arena_alloc(arena, most + 1, sizeof *file->registries);
	v1_mark(file, insecure, false, arena);
	v1_mark(file, block, true, arena);
	if (search) {
		file->n_search = json_object_array_length(search);
		file->search = keg_arena_alloc(arena, file->n_search + 1, sizeof *file->search);
		file->has_search = true;
		for (size_t i = 0; i < file->n_search; i++)
			file->search[i] = keg_arena_strdup(
				arena,
				json_object_get_string(json_object_array_get_idx(search, i)));
	}
	return 0;
}

static int check(struct config_file *file, struct keg_arena *arena, struct keg_err *err)
{
	int r = file->v1 ? convert_v1(file, arena, err) : 0;

	for (size_t i = 0; r >= 0 && i < file->n_registries; i++)
		r = check_registry(&file->registries[i], arena, err);
	if (r >= 0)
		r = check_conflicts(file, err);
	if (r >= 0)
		r = check_search(file, arena, err);
	if (r < 0)
		return r;
	r = check_aliases(file->aliases, err);
	return r < 0 ? keg_wrap(err, "validating short-name aliases") : 0;
}

static int decode(const struct keg_buf *text, struct keg_arena *arena, struct config_file *out,
		  struct keg_err *err)
{
	autojson tree = NULL;

	int r = keg_toml_parse(keg_buf_text(text), text->len, &tree, err);
	if (r < 0)
		return keg_wrap(err, "toml");
	r = keg_json_decode(tree, file_rows, out, arena, err);
	if (r < 0)
		return r;
	out->has_search = keg_json_get(tree, "unqualified-search-registries");
	return check(out, arena, err);
}

int config_file_read(const char *path, struct keg_arena *arena, struct config_file *out,
		     struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	out->path = keg_arena_strdup(arena, path);
	int r = keg_file_read(AT_FDCWD, path, MAX_CONFIG_BYTES, &text, err);
	if (r >= 0)
		r = decode(&text, arena, out, err);
	return r < 0 ? keg_wrap(err, "loading registries configuration \"%s\"", path) : 0;
}
