/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each member of a scope is looked for by itself: a scope that says something of the lookaside
 * only leaves the attachments to a wider one.
 */
#include "image/registries_d.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/scopes.h"
#include "image/yaml_tree.h"

#define SYSTEM_DIR "/etc/containers/registries.d"
#define USER_DIR ".config/containers/registries.d"
#define SYSTEM_LOOKASIDE "/var/lib/containers/sigstore"
#define USER_LOOKASIDE ".local/share/containers/sigstore"

enum { FILE_BYTES_MAX = 4 << 20 };

/* The members of a scope; the last two are what the first two were called once. */
static const char *const members[] = { "lookaside", "lookaside-staging", "use-sigstore-attachments",
				       "sigstore", "sigstore-staging" };
static const char *const for_reading[] = { "lookaside", "sigstore", NULL };
static const char *const for_writing[] = { "lookaside-staging", "sigstore-staging", "lookaside",
					   "sigstore", NULL };
static const char *const attachments[] = { "use-sigstore-attachments", NULL };

void registries_d_done(struct registries_d *config)
{
	json_object_put(config->fallback);
	json_object_put(config->docker);
	*config = (struct registries_d){ 0 };
}

void signature_place_done(struct signature_place *place)
{
	free(place->lookaside);
	free(place->staging);
	*place = (struct signature_place){ 0 };
}

static bool is_member(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(members); i++) {
		if (strcmp(members[i], name) == 0)
			return true;
	}
	return false;
}

/* Members that we do not know are passed over, as the peers do: newer ones may stand there. */
static int check_scope(const char *scope, struct json_object *values, struct keg_err *err)
{
	if (!json_object_is_type(values, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "%s: not a mapping", scope);
	json_object_object_foreach(values, name, value)
	{
		const char *text = json_object_get_string(value);

		if (is_member(name) && value && !json_object_is_type(value, json_type_string))
			return keg_fail(err, KEG_ECORRUPT, "%s.%s: not a text", scope, name);
		if (strcmp(name, attachments[0]) == 0 && text && strcmp(text, "true") != 0 &&
		    strcmp(text, "false") != 0)
			return keg_fail(err, KEG_ECORRUPT, "%s.%s: neither true nor false", scope,
					name);
	}
	return 0;
}

static int add_fallback(struct registries_d *config, struct json_object *values, const char *file,
			struct keg_err *err)
{
	if (config->fallback)
		return keg_fail(err, KEG_ECORRUPT,
				"Error parsing signature storage configuration: "
				"\"default-docker\" defined both in another file and in \"%s\"",
				file);
	int r = check_scope("default-docker", values, err);
	if (r >= 0)
		config->fallback = json_object_get(values);
	return r;
}

static int add_scopes(struct registries_d *config, struct json_object *scopes, const char *file,
		      struct keg_err *err)
{
	if (!json_object_is_type(scopes, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "docker: not a mapping");
	json_object_object_foreach(scopes, scope, values)
	{
		if (!values)
			continue;
		if (json_object_object_get_ex(config->docker, scope, NULL))
			return keg_fail(err, KEG_ECORRUPT,
					"Error parsing signature storage configuration: "
					"\"docker\" namespace \"%s\" defined both in another "
					"file and in \"%s\"",
					scope, file);
		int r = check_scope(scope, values, err);
		if (r < 0)
			return r;
		json_object_object_add(config->docker, scope, json_object_get(values));
	}
	return 0;
}

int registries_d_add(struct registries_d *config, const char *text, size_t len, const char *name,
		     struct keg_err *err)
{
	autojson root = NULL;

	int r = yaml_tree_parse(text, len, &root, err);
	if (r < 0)
		return keg_wrap(err, "parsing %s", name);
	struct json_object *fallback = keg_json_get(root, "default-docker");
	struct json_object *docker = keg_json_get(root, "docker");

	if (root && !json_object_is_type(root, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "parsing %s: not a mapping", name);
	if (!config->docker)
		config->docker = json_object_new_object();
	if (fallback)
		r = add_fallback(config, fallback, name, err);
	if (r >= 0 && docker)
		r = add_scopes(config, docker, name, err);
	return r < 0 ? keg_wrap(err, "parsing %s", name) : r;
}

static char *find_dir(const struct image_access *access)
{
	const char *home = getenv("HOME");

	if (access->registries_d)
		return keg_strdup(access->registries_d);
	autofree char *own = home ? keg_path_join(home, USER_DIR) : NULL;
	return own && keg_exists(AT_FDCWD, own) ? take_ptr(&own) : keg_strdup(SYSTEM_DIR);
}

int registries_d_load(const struct image_access *access, struct registries_d *out,
		      struct keg_err *err)
{
	autofree char *path = find_dir(access);
	auto(registries_d) config = { 0 };
	auto(keg_strv) names = { 0 };
	autodir listing = opendir(path);

	if (!listing && errno == ENOENT)
		return 0;
	if (!listing)
		return keg_fail_sys(err, errno, "open %s", path);
	for (const struct dirent *e; (e = readdir(listing)) != NULL;) {
		if (keg_str_ends(e->d_name, ".yaml"))
			keg_strv_add(&names, e->d_name);
	}
	keg_strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		autofree char *file = keg_path_join(path, names.v[i]);
		auto(keg_buf) text = { 0 };

		int r = keg_file_read(AT_FDCWD, file, FILE_BYTES_MAX, &text, err);
		if (r == -KEG_ENOTFOUND)
			continue; /* removed since we looked */
		if (r >= 0)
			r = registries_d_add(&config, keg_buf_text(&text), text.len, file, err);
		if (r < 0)
			return r;
	}
	*out = config;
	config = (struct registries_d){ 0 };
	return 0;
}

static const char *value_of(struct json_object *scope, const char *const *names)
{
	for (; *names; names++) {
		const char *value = keg_json_str(scope, *names, NULL);
		if (!keg_str_empty(value))
			return value;
	}
	return NULL;
}

/* From the narrowest scope that says something. */
static const char *find(const struct registries_d *config, const struct keg_strv *scopes,
			const char *const *names)
{
	const char *value = NULL;

	for (size_t i = 0; i < scopes->n && !value; i++)
		value = value_of(keg_json_get(config->docker, scopes->v[i]), names);
	return value ? value : value_of(config->fallback, names);
}

const char *registries_d_lookaside(const struct registries_d *config, const char *scope)
{
	autofree char *name = keg_strdup(scope);
	auto(keg_strv) scopes = { 0 };

	while (*name) {
		char *slash = strrchr(name, '/');

		keg_strv_add(&scopes, name);
		*(slash ? slash : name) = '\0';
	}
	return find(config, &scopes, for_reading);
}

static char *own_lookaside(const struct image_access *access)
{
	const char *home = getenv("HOME");

	if ((access->rootless || geteuid() != 0) && home)
		return keg_printf("file://%s/" USER_LOOKASIDE, home);
	return keg_strdup("file://" SYSTEM_LOOKASIDE);
}

static char *with_path(const char *base, const struct image_access *access,
		       const struct reference *ref)
{
	autofree char *own = base ? NULL : own_lookaside(access);

	return keg_printf("%s/%s", base ? base : own, ref->path);
}

int registries_d_find(const struct registries_d *config, const struct image_access *access,
		      const struct reference *ref, struct signature_place *out, struct keg_err *err)
{
	autofree char *name = reference_format(ref);
	auto(keg_strv) scopes = { 0 };

	int r = image_scopes_docker(name, &scopes, err);
	if (r < 0)
		return r;
	out->lookaside = with_path(find(config, &scopes, for_reading), access, ref);
	out->staging = with_path(find(config, &scopes, for_writing), access, ref);
	out->attachments = keg_str_eq(find(config, &scopes, attachments), "true");
	return 0;
}
