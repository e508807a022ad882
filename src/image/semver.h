/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semver.h - versions in tags (semver.org) and the ranges that people write for them:
 * ">= 3.12, < 4 || ~5.1", "^1.2", "1.2.x", "1.0 - 2.5".
 */
#ifndef KEG_IMAGE_SEMVER_H
#define KEG_IMAGE_SEMVER_H

#include <stdbool.h>

#include "base/err.h"

struct semver_range;

/* KEG_EUSAGE, naming the part, when the text is no range. The caller frees *out. */
int semver_range_parse(const char *text, struct semver_range **out,
		       struct keg_err *err) KEG_MUST_CHECK;
void semver_range_free(struct semver_range *range);
KEG_AUTOPTR(semver_range, semver_range_free)

/*
 * Is the tag a version ("1.2.3", also "v1" and "1.2") within the range? A pre-release is only
 * within a range whose bound is one itself.
 */
bool semver_range_has(const struct semver_range *range, const char *tag);

#endif
