/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/short_names.h"

#include <string.h>

#include "base/mem.h"
#include "registry/alias_cache.h"
#include "spec/reference.h"

void registry_candidates_done(struct registry_candidates *out)
{
	keg_strv_done(&out->names);
	free(out->note);
	free(out->record);
	*out = (struct registry_candidates){ 0 };
}

/* `full` ("host/path") with the tag and digest that the user gave the short name. */
static int add_name(const char *full, const struct reference *typed, struct keg_strv *out,
		    struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(full, &ref, err);
	if (r < 0)
		return r;
	reference_set_tag(&ref, typed->tag);
	reference_set_digest(&ref, typed->digest);
	keg_strv_take(out, reference_format(&ref));
	return 0;
}

/* 1 when there is an alias: it is the only candidate. */
static int try_alias(const struct registry_config *config, const struct reference *typed,
		     struct registry_candidates *out, struct keg_err *err)
{
	autofree char *recorded = NULL;
	autofree char *cache = alias_cache_path();
	const char *origin = cache;

	int r = alias_cache_find(typed->path, &recorded, err);
	if (r < 0)
		return r;
	const char *full =
		recorded ? recorded : registry_config_alias(config, typed->path, &origin);
	if (!full)
		return 0;
	r = add_name(full, typed, &out->names, err);
	if (r < 0)
		return r;
	out->note = keg_printf("Resolved \"%s\" as an alias (%s)", typed->path, origin);
	return 1;
}

/* Several registries and nobody said which: ask, or refuse, or try all. */
static int disambiguate(const struct registry_config *config, const struct reference *typed,
			registry_choose *choose, void *ctx, struct registry_candidates *out,
			struct keg_err *err)
{
	enum registry_short_mode mode = registry_config_short_mode(config);

	if (out->names.n < 2 || mode == REGISTRY_SHORT_DISABLED)
		return 0;
	if (!choose) {
		if (mode == REGISTRY_SHORT_PERMISSIVE)
			return 0;
		keg_fail(err, KEG_EUSAGE,
			 "short-name resolution enforced but cannot prompt without a TTY");
		return keg_hint(err, "name the registry, as in %s", out->names.v[0]);
	}
	int chosen = choose(ctx, typed->path, (const char *const *)out->names.v, out->names.n, err);
	if (chosen < 0)
		return chosen;
	char *kept = keg_strdup(out->names.v[chosen]);
	keg_strv_clear(&out->names);
	keg_strv_take(&out->names, kept);
	out->record = keg_strdup(typed->path);
	return 0;
}

static int search(const struct registry_config *config, const struct reference *typed,
		  struct registry_candidates *out, struct keg_err *err)
{
	const struct keg_strv *registries = registry_config_search(config);

	if (registries->n == 0) {
		keg_fail(err, KEG_EUSAGE,
			 "short-name \"%s\" did not resolve to an alias and no "
			 "unqualified-search registries are defined in \"%s\"",
			 typed->path, registry_config_path(config));
		return keg_hint(err, "name the registry, as in docker.io/library/%s", typed->path);
	}
	for (size_t i = 0; i < registries->n; i++) {
		autofree char *full = keg_printf("%s/%s", registries->v[i], typed->path);

		int r = add_name(full, typed, &out->names, err);
		if (r < 0)
			return r;
	}
	out->note = keg_printf("Resolving \"%s\" using unqualified-search registries (%s)",
			       typed->path, registry_config_path(config));
	return 0;
}

int registry_short_name_resolve(const struct registry_config *config, const char *name,
				registry_choose *choose, void *ctx, struct registry_candidates *out,
				struct keg_err *err)
{
	auto(reference) typed = { 0 };

	int r = reference_parse(name, &typed, err);
	if (r < 0)
		return r;
	if (!reference_is_short(&typed)) {
		reference_normalize(&typed);
		keg_strv_take(&out->names, reference_format(&typed));
		return 0;
	}
	r = try_alias(config, &typed, out, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = search(config, &typed, out, err);
	return r < 0 ? r : disambiguate(config, &typed, choose, ctx, out, err);
}

int registry_short_name_record(const char *name, const char *full, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(full, &ref, err);
	if (r < 0)
		return r;
	autofree char *bare = reference_name(&ref);
	return alias_cache_record(name, bare, err);
}
