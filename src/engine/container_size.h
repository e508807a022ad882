/* SPDX-License-Identifier: Apache-2.0 */
/* container_size.h - how much disk a container takes. */
#ifndef KEG_ENGINE_CONTAINER_SIZE_H
#define KEG_ENGINE_CONTAINER_SIZE_H

#include <stdint.h>

#include "engine/container.h"

struct container_size {
	int64_t rw;    /* bytes of the files it made or changed */
	int64_t image; /* of its image */
};

int container_size(struct container *c, struct container_size *out,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
