/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h - TOML 1.0 (toml.io/en/v1.0.0) into the same tree that JSON gives, so that one
 * kind of table (json.h) fills structs from both. Dates become strings.
 */
#ifndef KEG_BASE_TOML_H
#define KEG_BASE_TOML_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Parse all of `text`; the caller puts *out. Errors are KEG_ECORRUPT and name the line:
 * "line 3: expected '='". Depth is bounded as for JSON; duplicate keys are refused.
 */
int keg_toml_parse(const char *text, size_t len, struct json_object **out,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
