/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_strict.h - JSON that decides about trust: what one reader would overlook and another
 * would not is an error here, in the peers' words.
 */
#ifndef KEG_BASE_JSON_STRICT_H
#define KEG_BASE_JSON_STRICT_H

#include "base/json.h"

/* As keg_json_parse(); an object that names a member twice is KEG_ECORRUPT as well. */
int keg_json_parse_strict(const char *text, size_t len, struct json_object **out,
			  struct keg_err *err) KEG_MUST_CHECK;

/*
 * As keg_json_decode(), of an object that has no members but those of the rows, also in the
 * objects inside of it; KEG_ECORRUPT names the one too many.
 */
int keg_json_decode_strict(struct json_object *obj, const struct keg_json_field *rows, void *out,
			   struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

#endif
