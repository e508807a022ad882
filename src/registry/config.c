/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are read in order, and the later wins: lists and words are replaced, registries by
 * their prefix, aliases by their name.
 */
#include "registry/config.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "registry/config_file.h"

#define SYSTEM_FILE "/etc/containers/registries.conf"
#define SYSTEM_DIR "/etc/containers/registries.conf.d"

struct registry_config {
	struct keg_arena arena;
	char *path;	/* of the main file */
	char *user_dir; /* of the drop-ins that a user can change, for messages */
	struct config_file *files;
	size_t n_files;
	struct keg_strv search, helpers;
	enum registry_short_mode mode;
};

struct sources {
	char *file;
	bool must_exist;
	struct keg_strv dirs;
};

static void sources_done(struct sources *sources)
{
	free(sources->file);
	keg_strv_done(&sources->dirs);
}
KEG_AUTO(sources, sources_done)

static char *user_path(const char *rest)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (!keg_str_empty(config))
		return keg_printf("%s/containers/%s", config, rest);
	return keg_printf("%s/.config/containers/%s", keg_str_empty(home) ? "" : home, rest);
}

static void find_sources(const char *path, const char *dir, struct sources *out)
{
	const char *named = path ? path : getenv("CONTAINERS_REGISTRIES_CONF");
	const char *named_dir = dir ? dir : getenv("CONTAINERS_REGISTRIES_CONF_DIR");
	autofree char *own = user_path("registries.conf");
	autofree char *own_dir = user_path("registries.conf.d");

	if (keg_str_empty(named))
		named = getenv("REGISTRIES_CONFIG_PATH"); /* the older name */
	out->must_exist = !keg_str_empty(named);
	if (out->must_exist)
		out->file = keg_strdup(named);
	else
		out->file = keg_strdup(keg_exists(AT_FDCWD, own) ? own : SYSTEM_FILE);
	if (!keg_str_empty(named_dir)) {
		keg_strv_add(&out->dirs, named_dir);
		return;
	}
	keg_strv_add(&out->dirs, SYSTEM_DIR);
	keg_strv_add(&out->dirs, own_dir);
}

/* The drop-ins of a folder, by name; a folder that is not there has none. */
static void list_dir(const char *dir, struct keg_strv *out)
{
	auto(keg_strv) names = { 0 };
	autodir listing = opendir(dir);

	if (!listing)
		return;
	for (struct dirent *entry; (entry = readdir(listing));) {
		if (keg_str_ends(entry->d_name, ".conf"))
			keg_strv_add(&names, entry->d_name);
	}
	keg_strv_sort(&names);
	for (size_t i = 0; i < names.n; i++)
		keg_strv_take(out, keg_path_join(dir, names.v[i]));
}

static int read_mode(const char *word, enum registry_short_mode *out, struct keg_err *err)
{
	static const struct {
		const char *word;
		enum registry_short_mode mode;
	} modes[] = {
		{ "", REGISTRY_SHORT_PERMISSIVE },
		{ "permissive", REGISTRY_SHORT_PERMISSIVE },
		{ "enforcing", REGISTRY_SHORT_ENFORCING },
		{ "disabled", REGISTRY_SHORT_DISABLED },
	};

	for (size_t i = 0; i < KEG_COUNT(modes); i++) {
		if (strcmp(modes[i].word, word) == 0) {
			*out = modes[i].mode;
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE, "invalid short-name mode: \"%s\"", word);
}

static int apply(struct registry_config *config, const struct config_file *file,
		 struct keg_err *err)
{
	if (file->has_search) {
		keg_strv_clear(&config->search);
		keg_strv_extend(&config->search, file->search, file->n_search);
	}
	if (file->n_helpers > 0) {
		keg_strv_clear(&config->helpers);
		keg_strv_extend(&config->helpers, file->helpers, file->n_helpers);
	}
	if (!file->short_name_mode)
		return 0;
	int r = read_mode(file->short_name_mode, &config->mode, err);
	return r < 0 ? keg_wrap(err, "loading registries configuration \"%s\"", file->path) : 0;
}

int registry_config_load(const char *path, const char *dir, struct registry_config **out,
			 struct keg_err *err)
{
	autoptr(registry_config) config = keg_alloc(1, sizeof *config);
	auto(sources) sources = { 0 };
	auto(keg_strv) files = { 0 };

	find_sources(path, dir, &sources);
	if (sources.must_exist || keg_exists(AT_FDCWD, sources.file))
		keg_strv_add(&files, sources.file);
	for (size_t i = 0; i < sources.dirs.n; i++)
		list_dir(sources.dirs.v[i], &files);
	config->path = take_ptr(&sources.file);
	config->user_dir = keg_strdup(sources.dirs.v[sources.dirs.n - 1]);
	config->files = keg_alloc(files.n + 1, sizeof *config->files);
	for (size_t i = 0; i < files.n; i++) {
		struct config_file *file = &config->files[config->n_files++];

		int r = config_file_read(files.v[i], &config->arena, file, err);
		if (r >= 0)
			r = apply(config, file, err);
		if (r < 0)
			return r;
	}
	*out = take_ptr(&config);
	return 0;
}

void registry_config_free(struct registry_config *config)
{
	keg_arena_done(&config->arena);
	keg_strv_done(&config->search);
	keg_strv_done(&config->helpers);
	free(config->files);
	free(config->path);
	free(config->user_dir);
	free(config);
}

const char *registry_config_path(const struct registry_config *config)
{
	return config->path;
}

const struct keg_strv *registry_config_search(const struct registry_config *config)
{
	return &config->search;
}

const struct keg_strv *registry_config_helpers(const struct registry_config *config)
{
	return &config->helpers;
}

enum registry_short_mode registry_config_short_mode(const struct registry_config *config)
{
	return config->mode;
}

const char *registry_config_alias(const struct registry_config *config, const char *name,
				  const char **origin)
{
	for (size_t i = config->n_files; i-- > 0;) {
		const char *full = keg_json_str(config->files[i].aliases, name, NULL);

		if (!full)
			continue;
		if (origin)
			*origin = config->files[i].path;
		return *full ? full : NULL;
	}
	return NULL;
}

/* How much of "host/path" the prefix covers: 0 nothing. It ends where a component ends. */
static size_t match(const char *prefix, const char *name)
{
	const char *rest = keg_str_after(name, prefix);
	size_t host = strcspn(name, "/"), len = strlen(prefix);

	if (rest)
		return *rest == '\0' || *rest == '/' || (*rest == ':' && !strchr(prefix, ':')) ? len
											       : 0;
	if (!keg_str_starts(prefix, "*.") || host < len - 1)
		return 0;
	return memcmp(name + host - (len - 1), prefix + 1, len - 1) == 0 ? host : 0;
}

/* The registry with the longest match; of two equal ones the later file's. */
static const struct config_registry *find_registry(const struct registry_config *config,
						   const char *name, size_t *matched)
{
	const struct config_registry *best = NULL;

	*matched = 0;
	for (size_t i = config->n_files; i-- > 0;) {
		const struct config_file *file = &config->files[i];

		for (size_t k = 0; k < file->n_registries; k++) {
			size_t len = match(file->registries[k].prefix, name);
			if (len > *matched) {
				*matched = len;
				best = &file->registries[k];
			}
		}
	}
	return best;
}

/* Add "host/path" as a place. */
static void add_place(struct registry_places *out, const char *name, bool insecure)
{
	size_t host = strcspn(name, "/");

	out->v = keg_realloc(out->v, out->n + 1, sizeof *out->v);
	out->v[out->n++] = (struct registry_place){
		.host = keg_strndup(name, host),
		.path = keg_strdup(name[host] ? name + host + 1 : ""),
		.insecure = insecure,
	};
}

void registry_places_done(struct registry_places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		free((void *)(uintptr_t)places->v[i].host);
		free((void *)(uintptr_t)places->v[i].path);
	}
	free(places->v);
	*places = (struct registry_places){ 0 };
}

static int check_blocked(const struct registry_config *config,
			 const struct config_registry *registry, struct keg_err *err)
{
	if (!registry || !registry->blocked)
		return 0;
	return keg_fail(err, KEG_EDENIED, "registry %s is blocked in %s or %s", registry->prefix,
			config->path, config->user_dir);
}

static void add_rewritten(struct registry_places *out, const char *location, const char *rest,
			  bool insecure)
{
	autofree char *name = keg_printf("%s%s", location, rest);

	add_place(out, name, insecure);
}

int registry_config_pull_places(const struct registry_config *config, const char *host,
				const char *path, bool by_digest, struct registry_places *out,
				struct keg_err *err)
{
	autofree char *name = keg_printf("%s%s%s", host, *path ? "/" : "", path);
	size_t matched;
	const struct config_registry *registry = find_registry(config, name, &matched);

	int r = check_blocked(config, registry, err);
	if (r < 0)
		return r;
	for (size_t i = 0; registry && i < registry->n_mirrors; i++) {
		const struct config_mirror *mirror = &registry->mirrors[i];

		if (mirror->use == MIRROR_ALWAYS || (mirror->use == MIRROR_BY_DIGEST) == by_digest)
			add_rewritten(out, mirror->location, name + matched, mirror->insecure);
	}
	if (registry && registry->location)
		add_rewritten(out, registry->location, name + matched, registry->insecure);
	else
		add_place(out, name, registry && registry->insecure);
	return 0;
}

int registry_config_push_place(const struct registry_config *config, const char *host,
			       const char *path, struct registry_places *out, struct keg_err *err)
{
	autofree char *name = keg_printf("%s/%s", host, path);
	size_t matched;
	const struct config_registry *registry = find_registry(config, name, &matched);

	int r = check_blocked(config, registry, err);
	if (r >= 0)
		add_place(out, name, registry && registry->insecure);
	return r;
}
