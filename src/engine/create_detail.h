/* SPDX-License-Identifier: Apache-2.0 */
/* create_detail.h - what `inspect` shows of a container that nothing else needs to know. */
#ifndef KEG_ENGINE_CREATE_DETAIL_H
#define KEG_ENGINE_CREATE_DETAIL_H

#include <json-c/json.h>

#include "engine/spec_gen.h"

/* {"Config": ..., "HostConfig": ..., "Mounts": [...]} as inspect has them; the caller puts it. */
struct json_object *create_detail(const struct spec_gen *gen, char *const *argv);

#endif
