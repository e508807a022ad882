/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_tree.h - a YAML document as the tree that JSON gives, for tables and look-ups alike. */
#ifndef KEG_IMAGE_YAML_TREE_H
#define KEG_IMAGE_YAML_TREE_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Parse the one document in `text`; the caller puts *out. Scalars are text as they are written
 * ("1.0" keeps its zero), plain ones that are empty, "~" or "null" are NULL. Depth is bounded as
 * for JSON. Aliases, keys that are no scalars and keys that come twice are refused. Errors are
 * KEG_ECORRUPT and name the line.
 */
int yaml_tree_parse(const char *text, size_t len, struct json_object **out,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
