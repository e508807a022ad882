/* SPDX-License-Identifier: Apache-2.0 */
/* go_json.h - JSON with Go's escapes, which the digests of the peers' documents depend on. */
#ifndef KEG_SPEC_GO_JSON_H
#define KEG_SPEC_GO_JSON_H

#include "base/buf.h"
#include "base/json.h"

/* As keg_json_print() and keg_json_print_indented(), with <, >, & and U+2028, U+2029 escaped. */
void go_json_print(struct json_object *value, struct keg_buf *out);
void go_json_print_indented(struct json_object *value, int indent, struct keg_buf *out);

#endif
