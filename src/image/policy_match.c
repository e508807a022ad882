/* SPDX-License-Identifier: Apache-2.0 */
#include "image/policy_match.h"

#include <string.h>

#include "base/mem.h"
#include "spec/reference.h"

static bool parse(const char *text, struct reference *out)
{
	struct keg_err ignored;

	return text && reference_parse_normalized(text, out, &ignored) >= 0;
}

static bool names_one(const struct reference *ref)
{
	return ref->tag || ref->digest;
}

static bool same_repository(const struct reference *a, const struct reference *b)
{
	return keg_str_eq(a->domain, b->domain) && keg_str_eq(a->path, b->path);
}

/* Both name one image of a repository, and the same. */
static bool same(const struct reference *a, const struct reference *b)
{
	return names_one(a) && names_one(b) && same_repository(a, b) &&
	       keg_str_eq(a->tag, b->tag) && keg_str_eq(a->digest, b->digest);
}

/*
 * An image asked for by digest alone has been checked against that digest, and the signature's
 * digest against the manifest: what is left to compare is the repository.
 */
static bool same_or_pinned(const struct reference *image, const struct reference *signature)
{
	if (image->tag)
		return same(image, signature);
	return image->digest && names_one(signature) && same_repository(image, signature);
}

/* `name` is the prefix, or goes on below it. */
static bool is_below(const char *name, const char *prefix)
{
	const char *rest = keg_str_after(name, prefix);

	return rest && (*rest == '\0' || *rest == '/');
}

static bool remapped_matches(const struct policy_identity *identity, const struct reference *image,
			     const struct reference *signature)
{
	autofree char *name = reference_name(image), *whole = reference_format(image);
	auto(reference) moved = { 0 };
	struct keg_err ignored;

	if (!is_below(name, identity->prefix))
		return same_or_pinned(image, signature);
	autofree char *text =
		keg_printf("%s%s", identity->signed_prefix, whole + strlen(identity->prefix));
	/* Without guesses: a prefix that is no full name leads nowhere. */
	if (reference_parse(text, &moved, &ignored) < 0 || reference_is_short(&moved))
		return false;
	return same_or_pinned(&moved, signature);
}

bool policy_identity_matches(const struct policy_identity *identity, const char *image,
			     const char *signature)
{
	auto(reference) ours = { 0 };
	auto(reference) theirs = { 0 };
	const char *intended = identity->match == POLICY_EXACT_REFERENCE    ? identity->reference
			       : identity->match == POLICY_EXACT_REPOSITORY ? identity->repository
									    : image;

	if (!parse(intended, &ours) || !parse(signature, &theirs))
		return false;
	switch (identity->match) {
	case POLICY_MATCH_EXACT:
	case POLICY_EXACT_REFERENCE:
		return same(&ours, &theirs);
	case POLICY_MATCH_REPO_DIGEST_OR_EXACT:
		return same_or_pinned(&ours, &theirs);
	case POLICY_MATCH_REPOSITORY:
	case POLICY_EXACT_REPOSITORY:
		return same_repository(&ours, &theirs);
	case POLICY_REMAP_IDENTITY:
		return remapped_matches(identity, &ours, &theirs);
	}
	return false;
}
