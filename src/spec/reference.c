/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is cut from the outside in: the digest at the '@', the tag at a ':' behind the
 * last '/', the domain before the first '/'; what remains is the path. Each part is then
 * checked against its own rule, so that the message can say which one broke.
 */
#include "spec/reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "spec/digest.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define DEFAULT_REPOSITORY "library/"
#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { TEXT_MAX = 1024, ID_DIGITS = 64 };

/* component ("/" component)*, component: [a-z0-9]+ (separator [a-z0-9]+)* */
static bool path_is_valid(const char *path)
{
	for (const char *at = path;;) {
		size_t word = strspn(at, LOWER DIGITS);

		if (word == 0)
			return false;
		at += word;
		if (*at == '\0')
			return true;
		size_t dashes = strspn(at, "-"), bars = strspn(at, "_");
		if (dashes > 0)
			at += dashes;
		else if (bars == 1 || bars == 2)
			at += bars;
		else if (*at == '.' || *at == '/')
			at++;
		else
			return false;
	}
}

static bool label_is_valid(const char *label, size_t len)
{
	return len > 0 && label[0] != '-' && label[len - 1] != '-' &&
	       strspn(label, LOWER UPPER DIGITS "-") >= len;
}

/* Host names and IPv4 by labels; IPv6 in brackets; both with an optional port. */
static bool domain_is_valid(const char *domain)
{
	const char *port;

	if (domain[0] == '[') {
		size_t inner = strspn(domain + 1, "0123456789abcdefABCDEF:");

		if (inner == 0 || domain[1 + inner] != ']')
			return false;
		port = domain + inner + 2;
	} else {
		port = domain + strcspn(domain, ":");
		for (const char *label = domain;;) {
			size_t len = strcspn(label, ".:");

			if (!label_is_valid(label, len))
				return false;
			if (label[len] != '.')
				break;
			label += len + 1;
		}
	}
	if (*port == '\0')
		return true;
	return *port == ':' && port[1] && port[1 + strspn(port + 1, DIGITS)] == '\0';
}

bool reference_tag_is_valid(const char *tag)
{
	size_t len = strnlen(tag, REFERENCE_TAG_MAX + 1);

	return len > 0 && len <= REFERENCE_TAG_MAX && tag[0] != '.' && tag[0] != '-' &&
	       strspn(tag, LOWER UPPER DIGITS "_.-") == len;
}

static bool looks_like_domain(const char *first)
{
	return strpbrk(first, ".:") || strcmp(first, "localhost") == 0 || strpbrk(first, UPPER);
}

/* Cut `rest` at `at`, and hand what stands behind to *part. */
static void cut_after(char *at, char **part)
{
	*at = '\0';
	*part = keg_strdup(at + 1);
}

static const char *split(const char *text, struct reference *ref)
{
	autofree char *rest = keg_strdup(text);
	char *at = strchr(rest, '@');

	if (at)
		cut_after(at, &ref->digest);

	char *slash = strrchr(rest, '/');
	char *colon = strrchr(slash ? slash : rest, ':');
	if (colon)
		cut_after(colon, &ref->tag);

	slash = strchr(rest, '/');
	if (slash) {
		*slash = '\0';
		if (looks_like_domain(rest))
			ref->domain = keg_strdup(rest);
		else
			*slash = '/';
	}
	ref->path = keg_strdup(ref->domain ? slash + 1 : rest);
	if (strlen(ref->path) + (ref->domain ? strlen(ref->domain) + 1 : 0) > REFERENCE_NAME_MAX)
		return "repository name must not be more than 255 characters";
	return NULL;
}

static const char *what_is_wrong(const char *text, struct reference *ref)
{
	if (strnlen(text, TEXT_MAX + 1) > TEXT_MAX)
		return "invalid reference format";
	if (text[0] == '\0')
		return "repository name must have at least one component";

	const char *wrong = split(text, ref);
	if (wrong)
		return wrong;
	if (ref->domain && !domain_is_valid(ref->domain))
		return "invalid reference format";
	if (!path_is_valid(ref->path)) {
		for (char *c = ref->path; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		return path_is_valid(ref->path)
			       ? "invalid reference format: repository name must be lowercase"
			       : "invalid reference format";
	}
	if (ref->tag && !reference_tag_is_valid(ref->tag))
		return "invalid reference format";
	if (ref->digest && !digest_is_valid(ref->digest))
		return "invalid reference format: invalid digest";
	if (!ref->domain && !ref->tag && !ref->digest && strlen(text) == ID_DIGITS &&
	    strspn(text, "0123456789abcdef") == ID_DIGITS)
		return "invalid repository name, cannot specify 64-byte hexadecimal strings";
	return NULL;
}

int reference_parse(const char *text, struct reference *out, struct keg_err *err)
{
	auto(reference) ref = { 0 };
	const char *wrong = what_is_wrong(text, &ref);

	if (wrong)
		return keg_fail(err, KEG_EUSAGE, "parsing reference \"%.300s\": %s", text, wrong);
	*out = ref;
	ref = (struct reference){ 0 };
	return 0;
}

int reference_parse_normalized(const char *text, struct reference *out, struct keg_err *err)
{
	int r = reference_parse(text, out, err);

	if (r < 0)
		return r;
	reference_normalize(out);
	return 0;
}

bool reference_is_short(const struct reference *ref)
{
	return ref->domain == NULL;
}

static void set(char **part, const char *value)
{
	char *fresh = keg_strdup(value);

	free(*part);
	*part = fresh;
}

void reference_normalize(struct reference *ref)
{
	if (!ref->domain || strcmp(ref->domain, LEGACY_DOMAIN) == 0)
		set(&ref->domain, DEFAULT_DOMAIN);
	if (strcmp(ref->domain, DEFAULT_DOMAIN) == 0 && !strchr(ref->path, '/')) {
		char *full = keg_printf(DEFAULT_REPOSITORY "%s", ref->path);

		free(ref->path);
		ref->path = full;
	}
}

void reference_add_latest(struct reference *ref)
{
	if (!ref->tag && !ref->digest)
		ref->tag = keg_strdup("latest");
}

void reference_set_domain(struct reference *ref, const char *domain)
{
	set(&ref->domain, domain);
}

void reference_set_tag(struct reference *ref, const char *tag)
{
	set(&ref->tag, tag);
}

void reference_set_digest(struct reference *ref, const char *digest)
{
	set(&ref->digest, digest);
}

void reference_copy(struct reference *out, const struct reference *ref)
{
	*out = (struct reference){
		.domain = keg_strdup(ref->domain),
		.path = keg_strdup(ref->path),
		.tag = keg_strdup(ref->tag),
		.digest = keg_strdup(ref->digest),
	};
}

char *reference_name(const struct reference *ref)
{
	return ref->domain ? keg_printf("%s/%s", ref->domain, ref->path) : keg_strdup(ref->path);
}

static char *with_tag_and_digest(const char *name, const struct reference *ref)
{
	return keg_printf("%s%s%s%s%s", name, ref->tag ? ":" : "", ref->tag ? ref->tag : "",
			  ref->digest ? "@" : "", ref->digest ? ref->digest : "");
}

char *reference_format(const struct reference *ref)
{
	autofree char *name = reference_name(ref);

	return with_tag_and_digest(name, ref);
}

char *reference_familiar(const struct reference *ref)
{
	if (!ref->domain || strcmp(ref->domain, DEFAULT_DOMAIN) != 0)
		return reference_format(ref);

	/* Only a lone name below library/: deeper ones would not come back the same. */
	const char *lone = keg_str_after(ref->path, DEFAULT_REPOSITORY);
	return with_tag_and_digest(lone && !strchr(lone, '/') ? lone : ref->path, ref);
}

void reference_done(struct reference *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct reference){ 0 };
}
