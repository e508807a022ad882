/* SPDX-License-Identifier: Apache-2.0 */
/* container_inspect.h - all that is known of a container, as `container inspect` prints it. */
#ifndef KEG_ENGINE_CONTAINER_INSPECT_H
#define KEG_ENGINE_CONTAINER_INSPECT_H

#include "engine/container.h"

/* A new JSON object in Podman's names and order; the caller puts *out. */
int container_inspect(struct container *c, bool size, struct json_object **out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
