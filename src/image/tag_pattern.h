/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_pattern.h - regular expressions over tags as Go has them (RE2): of its syntax all that
 * says which texts match, but no flags, named groups or classes of Unicode: those are refused.
 */
#ifndef KEG_IMAGE_TAG_PATTERN_H
#define KEG_IMAGE_TAG_PATTERN_H

#include <stdbool.h>

#include "base/err.h"

struct tag_pattern;

/* KEG_EUSAGE when it is malformed. The caller frees *out. */
int tag_pattern_parse(const char *text, struct tag_pattern **out,
		      struct keg_err *err) KEG_MUST_CHECK;
void tag_pattern_free(struct tag_pattern *pattern);
KEG_AUTOPTR(tag_pattern, tag_pattern_free)

/* Does it match somewhere in the tag? */
bool tag_pattern_matches(const struct tag_pattern *pattern, const char *tag);

#endif
