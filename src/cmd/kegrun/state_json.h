/* SPDX-License-Identifier: Apache-2.0 */
/* state_json.h - a container's state as runc prints it. */
#ifndef KEG_CMD_KEGRUN_STATE_JSON_H
#define KEG_CMD_KEGRUN_STATE_JSON_H

#include <json-c/json.h>

#include "runtime/runtime.h"

/* Two spaces, a space after the colon, slashes as they are. */
enum {
	STATE_JSON_STYLE =
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE
};

/* The caller puts it. */
struct json_object *state_json(const struct runtime_state *state);

#endif
