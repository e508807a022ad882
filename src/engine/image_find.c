/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_find.h"

#include <string.h>

#include "base/strv.h"
#include "spec/reference.h"

struct search {
	struct store *store;
	struct keg_arena *arena;
	struct store_image *out;
	const char *name;
};

/* 1 found, 0 not. */
static int try_name(struct search *s, const char *name, struct keg_err *err)
{
	int r = store_image_find(s->store, name, s->arena, s->out, err);

	if (r == -KEG_ENOTFOUND)
		return 0;
	if (r < 0)
		return r;
	s->name = keg_arena_strdup(s->arena, name);
	return 1;
}

static int try_domain(struct search *s, const struct reference *ref, const char *domain,
		      struct keg_err *err)
{
	auto(reference) full = { 0 };

	reference_copy(&full, ref);
	reference_set_domain(&full, domain);
	if (strcmp(domain, "docker.io") == 0)
		reference_normalize(&full);
	autofree char *text = reference_format(&full);
	return try_name(s, text, err);
}

/* Any image whose name ends in "/PATH:TAG". */
static int try_every_registry(struct search *s, const struct reference *ref, struct keg_err *err)
{
	struct store_image *all;
	size_t n;
	autofree char *text = reference_format(ref);
	autofree char *suffix = keg_printf("/%s", text);
	int r = store_image_list(s->store, s->arena, &all, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < all[i].n_names; k++) {
			if (!keg_str_ends(all[i].names[k], suffix))
				continue;
			*s->out = all[i];
			s->name = all[i].names[k];
			return 1;
		}
	}
	return 0;
}

/* NAME@DIGEST: an image with that digest, of that repository. */
static int try_digest(struct search *s, const struct reference *ref, struct keg_err *err)
{
	struct store_image *all;
	size_t n;
	autofree char *path = keg_printf("/%s", ref->path);
	int r = store_image_find_digest(s->store, ref->digest, s->arena, &all, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < all[i].n_names; k++) {
			auto(reference) have = { 0 };
			struct keg_err ignored;

			if (reference_parse(all[i].names[k], &have, &ignored) < 0)
				continue;
			autofree char *full = reference_name(&have);
			if (!keg_str_ends(full, path))
				continue;
			*s->out = all[i];
			s->name = all[i].names[k];
			return 1;
		}
	}
	return 0;
}

static int by_reference(struct search *s, const char *text, struct keg_err *err)
{
	auto(reference) ref = { 0 };
	struct keg_err not_a_name;
	int r = 0;

	if (reference_parse(text, &ref, &not_a_name) < 0)
		return 0;
	if (ref.digest)
		return try_digest(s, &ref, err);
	reference_add_latest(&ref);
	if (!reference_is_short(&ref)) {
		reference_normalize(&ref);
		autofree char *full = reference_format(&ref);
		return try_name(s, full, err);
	}
	r = try_domain(s, &ref, "localhost", err);
	if (r == 0)
		r = try_domain(s, &ref, "docker.io", err);
	if (r == 0)
		r = try_every_registry(s, &ref, err);
	return r;
}

static int by_id(struct search *s, const char *text, struct keg_err *err)
{
	const char *digits = keg_str_after(text, "sha256:");
	size_t len;

	if (!digits)
		digits = text;
	len = strlen(digits);
	if (len < 3 || len > STORE_ID_LEN || digits[strspn(digits, "0123456789abcdef")])
		return 0;
	s->name = "";
	int r = len == STORE_ID_LEN
			? store_image_find(s->store, digits, s->arena, s->out, err)
			: store_image_find_prefix(s->store, digits, s->arena, s->out, err);
	return r == -KEG_ENOTFOUND ? 0 : r < 0 ? r : 1;
}

int image_find(struct store *store, const char *text, struct keg_arena *arena,
	       struct store_image *out, const char **name, struct keg_err *err)
{
	struct search s = { .store = store, .arena = arena, .out = out };
	int r = 0;

	if (keg_str_starts(text, "sha256:"))
		r = by_id(&s, text, err);
	else
		r = by_reference(&s, text, err);
	if (r == 0)
		r = by_id(&s, text, err);
	if (r < 0)
		return r;
	if (r == 0)
		return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", text);
	if (name)
		*name = s.name;
	return 0;
}
