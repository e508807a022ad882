/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/hooks_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <regex.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

enum { MAX_HOOK_FILE = 1 << 20 };

struct when {
	const bool *always, *has_bind_mounts;
	const char **commands;
	size_t n_commands;
	struct keg_pair *annotations; /* a pattern for the key, one for the value */
	size_t n_annotations;
};

struct hook_file {
	const char *version;
	struct oci_hook *hook;
	struct when *when;
	const char **stages;
	size_t n_stages;
};

static const struct keg_json_field when_rows[] = {
	JSON_BOOL_PTR("always", struct when, always, 0),
	JSON_BOOL_PTR("hasBindMounts", struct when, has_bind_mounts, 0),
	JSON_STRV("commands", struct when, commands, 0),
	JSON_MAP("annotations", struct when, annotations, 0),
	JSON_END,
};

static const struct keg_json_field file_rows[] = {
	JSON_STR("version", struct hook_file, version, KEG_JSON_REQUIRED),
	JSON_OBJ("hook", struct hook_file, hook, KEG_JSON_REQUIRED, oci_hook, oci_hook_rows),
	JSON_OBJ("when", struct hook_file, when, KEG_JSON_REQUIRED, when, when_rows),
	JSON_STRV("stages", struct hook_file, stages, KEG_JSON_REQUIRED),
	JSON_END,
};

/* Go's regular expressions are wider than POSIX', but what hooks use is common to both. */
static int matches(const char *pattern, const char *text, struct keg_err *err)
{
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return keg_fail(err, KEG_ECORRUPT, "\"%s\" is no regular expression", pattern);
	int found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

static int has_annotation(const struct spec_gen *gen, const struct keg_pair *want,
			  struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < gen->out.n_annotations; i++) {
		r = matches(want->key, gen->out.annotations[i].key, err);
		if (r > 0)
			r = matches(want->value, gen->out.annotations[i].value, err);
	}
	return r;
}

static bool has_bind_mounts(const struct spec_gen *gen)
{
	for (size_t i = 0; i < gen->volumes.n; i++) {
		if (gen->volumes.v[i].kind == VOLUME_BIND)
			return true;
	}
	return false;
}

/* 1 when every condition that is set holds, and one is set. */
static int applies(const struct spec_gen *gen, const struct when *when, struct keg_err *err)
{
	int r = when->always || when->has_bind_mounts || when->n_commands || when->n_annotations;

	if (when->always && !*when->always)
		return 0;
	if (when->has_bind_mounts && *when->has_bind_mounts != has_bind_mounts(gen))
		return 0;
	if (when->n_commands) {
		r = 0;
		for (size_t i = 0; r == 0 && i < when->n_commands; i++)
			r = matches(when->commands[i], gen->out.process->args[0], err);
	}
	for (size_t i = 0; r > 0 && i < when->n_annotations; i++)
		r = has_annotation(gen, &when->annotations[i], err);
	return r;
}

static int add_stage(struct spec_gen *gen, const char *stage, const struct oci_hook *hook,
		     struct keg_err *err)
{
	struct oci_hooks *h = gen->out.hooks;
	const struct {
		const char *name;
		struct oci_hook **list;
		size_t *n;
	} stages[] = {
		{ "prestart", &h->prestart, &h->n_prestart },
		{ "createRuntime", &h->create_runtime, &h->n_create_runtime },
		{ "createContainer", &h->create_container, &h->n_create_container },
		{ "startContainer", &h->start_container, &h->n_start_container },
		{ "poststart", &h->poststart, &h->n_poststart },
		{ "poststop", &h->poststop, &h->n_poststop },
	};

	for (size_t i = 0; i < KEG_COUNT(stages); i++) {
		if (strcmp(stages[i].name, stage) != 0)
			continue;
		*(struct oci_hook *)spec_gen_grow(gen->arena, (void *)stages[i].list, stages[i].n,
						  sizeof *hook) = *hook;
		return 0;
	}
	return keg_fail(err, KEG_ECORRUPT, "unknown stage \"%s\"", stage);
}

static int add_file(struct spec_gen *gen, const char *path, struct keg_err *err)
{
	autojson tree = NULL;
	struct hook_file file = { 0 };
	int r = keg_json_read(AT_FDCWD, path, MAX_HOOK_FILE, &tree, err);

	if (r >= 0)
		r = keg_json_decode(tree, file_rows, &file, gen->arena, err);
	if (r >= 0 && strcmp(file.version, "1.0.0") != 0)
		r = keg_fail(err, KEG_EUNSUPPORTED, "hook version %s is not supported",
			     file.version);
	if (r >= 0)
		r = applies(gen, file.when, err);
	if (r > 0 && !gen->out.hooks)
		gen->out.hooks = keg_arena_alloc(gen->arena, 1, sizeof *gen->out.hooks);
	for (size_t i = 0, n = r > 0 ? file.n_stages : 0; r >= 0 && i < n; i++)
		r = add_stage(gen, file.stages[i], file.hook, err);
	return r < 0 ? keg_wrap(err, "hook %s", path) : 0;
}

static void list_folder(const char *dir, struct keg_strv *names)
{
	autodir stream = opendir(dir);

	for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
		if (keg_str_ends(entry->d_name, ".json") && !keg_strv_has(names, entry->d_name))
			keg_strv_add(names, entry->d_name);
	}
}

int hooks_dir_add(struct spec_gen *gen, struct keg_err *err)
{
	const struct engine_config *config = gen->config;
	auto(keg_strv) names = { 0 };
	int r = 0;

	for (size_t i = 0; i < config->n_hooks_dir; i++)
		list_folder(config->hooks_dir[i], &names);
	keg_strv_sort(&names);
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		for (size_t k = config->n_hooks_dir; k-- > 0;) {
			autofree char *path = keg_path_join(config->hooks_dir[k], names.v[i]);

			if (!keg_exists(AT_FDCWD, path))
				continue;
			r = add_file(gen, path, err);
			break;
		}
	}
	return r;
}
