/* SPDX-License-Identifier: Apache-2.0 */
#include "image/storage_ref.h"

#include <string.h>

#include "base/mem.h"

/* Fewer digits are no abbreviation of an id. */
enum { SHORTEST_ID = 3 };

static int invalid(struct keg_err *err)
{
	return keg_fail(err, KEG_EUSAGE, "invalid reference");
}

/* "[driver@]root[+runroot][:options]", as the peers take it apart. */
static int parse_specifier(const char *text, struct storage_ref *out, struct keg_err *err)
{
	autofree char *spec = keg_strdup(text);
	char *root = spec;
	char *at = strchr(spec, '@');

	if (at) {
		*at = '\0';
		root = at + 1;
		out->driver = keg_strdup(spec);
	}
	char *options = strchr(root, ':');
	if (options) {
		*options++ = '\0';
		keg_strv_split(&out->options, options, ',');
	}
	char *plus = strchr(root, '+');
	if (plus) {
		*plus++ = '\0';
		if (*plus != '/')
			return invalid(err);
		out->runroot = keg_strdup(plus);
	}
	if (*root != '/')
		return invalid(err);
	out->graphroot = keg_strdup(root);
	return 0;
}

static bool is_hex(const char *text)
{
	return *text && strspn(text, "0123456789abcdef") == strlen(text);
}

static int parse_name(const char *text, struct storage_ref *out, struct keg_err *err)
{
	const char *at = strrchr(text, '@');

	if (!*text)
		return keg_fail(err, KEG_EUSAGE, "\"\" is an empty reference: invalid reference");
	if (at && !digest_is_valid(at + 1)) {
		if (!store_id_is_valid(at + 1) &&
		    !(is_hex(at + 1) && strlen(at + 1) >= SHORTEST_ID))
			return keg_fail(err, KEG_EUSAGE,
					"\"%s\" does not look like an image ID or digest: "
					"invalid reference",
					at + 1);
		out->id = keg_strdup(at + 1);
		if (at == text)
			return 0;
	} else {
		at = NULL;
	}

	autofree char *name = at ? keg_strndup(text, (size_t)(at - text)) : keg_strdup(text);
	if (!at && is_hex(name) && strlen(name) >= SHORTEST_ID) {
		out->plain = keg_strdup(name);
		if (store_id_is_valid(name))
			return 0;
	}
	int r = reference_parse_normalized(name, &out->ref, err);
	if (r < 0)
		return r;
	reference_add_latest(&out->ref);
	out->named = true;
	return 0;
}

int storage_ref_parse(const char *rest, struct storage_ref *out, struct keg_err *err)
{
	int r = 0;
	auto(storage_ref) ref = { 0 };

	if (*rest == '[') {
		const char *end = strchr(rest, ']');
		if (!end)
			return invalid(err);
		autofree char *spec = keg_strndup(rest + 1, (size_t)(end - rest - 1));
		r = parse_specifier(spec, &ref, err);
		rest = end + 1;
	}
	if (r >= 0)
		r = parse_name(rest, &ref, err);
	if (r < 0)
		return r;
	*out = ref;
	ref = (struct storage_ref){ 0 };
	return 0;
}

void storage_ref_done(struct storage_ref *ref)
{
	free(ref->driver);
	free(ref->graphroot);
	free(ref->runroot);
	keg_strv_done(&ref->options);
	if (ref->named)
		reference_done(&ref->ref);
	free(ref->id);
	free(ref->plain);
	*ref = (struct storage_ref){ 0 };
}

char *storage_ref_format(const struct storage_ref *ref, const struct store *store)
{
	const struct store_config *config = store_config(store);
	autofree char *name =
		ref->named ? reference_format(&ref->ref) : keg_strdup(ref->plain ? ref->plain : "");

	return keg_printf("[%s@%s+%s]%s%s%s", config->driver, config->graphroot, config->runroot,
			  name, ref->id ? "@" : "", ref->id ? ref->id : "");
}

int storage_ref_config(const struct storage_ref *ref, const struct image_access *access,
		       struct store_config *out, struct keg_err *err)
{
	const struct store_config_request want = {
		.rootless = access->rootless,
		.uid = access->uid,
		.graphroot = ref->graphroot ? ref->graphroot : access->graphroot,
		.runroot = ref->runroot ? ref->runroot : access->runroot,
		.driver = ref->driver ? ref->driver : access->driver,
		.imagestore = ref->graphroot ? "" : access->imagestore,
		.options =
			ref->graphroot ? (const char *const *)ref->options.v : access->storage_opts,
		.n_options = ref->graphroot ? ref->options.n : access->n_storage_opts,
	};

	return store_config_load(&want, out, err);
}

int storage_ref_open(const struct storage_ref *ref, const struct image_access *access,
		     struct store **out, struct keg_err *err)
{
	auto(store_config) config = { 0 };

	int r = storage_ref_config(ref, access, &config, err);
	return r < 0 ? r : store_open(&config, out, err);
}

/* Does the image bear, or has it borne, a name of this repository? */
static bool is_of_repository(const struct store_image *image, const char *repository)
{
	for (size_t i = 0; i < image->n_names; i++) {
		const char *rest = keg_str_after(image->names[i], repository);
		if (rest && (*rest == ':' || *rest == '@'))
			return true;
	}
	return false;
}

static int find_by_digest(const struct reference *ref, struct store *store, struct keg_arena *arena,
			  struct store_image *out, struct keg_err *err)
{
	autofree char *repository = reference_name(ref);
	struct store_image *found;
	size_t n;

	int r = store_image_find_digest(store, ref->digest, arena, &found, &n, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (is_of_repository(&found[i], repository)) {
			*out = found[i];
			return 0;
		}
	}
	return keg_fail(err, KEG_ENOTFOUND, "no image has digest %s", ref->digest);
}

static int find_by_id(const char *id, struct store *store, struct keg_arena *arena,
		      struct store_image *out, struct keg_err *err)
{
	return store_id_is_valid(id) ? store_image_find(store, id, arena, out, err)
				     : store_image_find_prefix(store, id, arena, out, err);
}

int storage_ref_resolve(const struct storage_ref *ref, struct store *store, struct keg_arena *arena,
			struct store_image *out, struct keg_err *err)
{
	int r = -KEG_ENOTFOUND;

	if (ref->id || ref->plain)
		r = find_by_id(ref->id ? ref->id : ref->plain, store, arena, out, err);
	if (r == -KEG_ENOTFOUND && ref->named && !ref->id) {
		autofree char *name = reference_format(&ref->ref);

		r = store_image_find(store, name, arena, out, err);
		if (r == -KEG_ENOTFOUND && ref->ref.digest)
			r = find_by_digest(&ref->ref, store, arena, out, err);
	}
	if (r == -KEG_ENOTFOUND) {
		autofree char *text = storage_ref_format(ref, store);
		return keg_fail(err, KEG_ENOIMAGE,
				"reference \"%s\" does not resolve to an image ID: identifier is "
				"not an image",
				text);
	}
	return r;
}
