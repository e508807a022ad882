/* SPDX-License-Identifier: Apache-2.0 */
/* info.h - what `info` tells of the machine and the engine's settings. */
#ifndef KEG_ENGINE_INFO_H
#define KEG_ENGINE_INFO_H

#include <json-c/json.h>

#include "engine/engine.h"

struct info_counts {
	size_t containers, running, paused, stopped, images;
};

/* A new JSON object with Podman's names; the caller puts it. `version` is the program's. */
struct json_object *info_collect(const struct engine *engine, const struct info_counts *counts,
				 const char *version);

#endif
