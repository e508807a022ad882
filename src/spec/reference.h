/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h - names of images: [domain[:port]/]path[:tag][@digest], in the grammar of
 * github.com/distribution/reference.
 */
#ifndef KEG_SPEC_REFERENCE_H
#define KEG_SPEC_REFERENCE_H

#include <stdbool.h>

#include "base/err.h"

enum { REFERENCE_NAME_MAX = 255, REFERENCE_TAG_MAX = 128 };

/* Owns its strings. A short name ("busybox", "library/busybox") has no domain. */
struct reference {
	char *domain; /* with its port, or NULL */
	char *path;
	char *tag;    /* or NULL */
	char *digest; /* or NULL; valid as digest.h says */
};

/*
 * Strict: KEG_EUSAGE, in the peers' words, unless all of `text` fits. The first component is
 * a domain if it holds '.' or ':', is "localhost", or has upper-case letters; otherwise the name
 * is short and stays so. Sixty-four hex digits alone are an id and no name.
 */
int reference_parse(const char *text, struct reference *out, struct keg_err *err) KEG_MUST_CHECK;
/* As reference_parse(), then reference_normalize(): what docker://TEXT means. */
int reference_parse_normalized(const char *text, struct reference *out,
			       struct keg_err *err) KEG_MUST_CHECK;

bool reference_tag_is_valid(const char *tag);
bool reference_is_short(const struct reference *ref);

/* docker.io for a missing domain (and for index.docker.io), library/ for a bare name there. */
void reference_normalize(struct reference *ref);
/* The tag "latest" where there is neither tag nor digest. */
void reference_add_latest(struct reference *ref);
/* Replace a part; NULL removes it. The value is valid already. */
void reference_set_domain(struct reference *ref, const char *domain);
void reference_set_tag(struct reference *ref, const char *tag);
void reference_set_digest(struct reference *ref, const char *digest);
void reference_copy(struct reference *out, const struct reference *ref);

/* Text that the caller frees. */
char *reference_name(const struct reference *ref);     /* domain/path */
char *reference_format(const struct reference *ref);   /* all of it */
char *reference_familiar(const struct reference *ref); /* without docker.io/library/ */

void reference_done(struct reference *ref);
KEG_AUTO(reference, reference_done)

#endif
