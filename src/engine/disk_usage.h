/* SPDX-License-Identifier: Apache-2.0 */
/* disk_usage.h - how much disk images, containers and volumes take, for `system df` and prune. */
#ifndef KEG_ENGINE_DISK_USAGE_H
#define KEG_ENGINE_DISK_USAGE_H

#include <stdint.h>

#include "engine/engine.h"
#include "store/image.h"

/* An image: its layers, unpacked, and its documents. */
struct disk_image {
	const struct store_image *image;
	int64_t shared; /* of layers that another image has too */
	int64_t unique;
	size_t containers; /* of all tools that use it */
};

struct disk_images {
	struct disk_image *v;
	size_t n;
	int64_t total;	     /* each layer counted once */
	int64_t reclaimable; /* of that, what no container needs */
};

struct disk_container {
	const char *id, *image_id, *name, *status;
	const char *command;
	size_t volumes;
	int64_t rw;	 /* bytes of the files it made or changed */
	int64_t created; /* nanoseconds since the epoch */
	bool running;
};

struct disk_volume {
	const char *name;
	size_t links; /* containers of ours that use it */
	int64_t size;
};

/* Everything below points into the arena. */
int disk_usage_images(struct engine *engine, struct keg_arena *arena, struct disk_images *out,
		      struct keg_err *err) KEG_MUST_CHECK;
int disk_usage_containers(struct engine *engine, struct keg_arena *arena,
			  struct disk_container **out, size_t *n,
			  struct keg_err *err) KEG_MUST_CHECK;
int disk_usage_volumes(struct engine *engine, struct keg_arena *arena, struct disk_volume **out,
		       size_t *n, struct keg_err *err) KEG_MUST_CHECK;

/* `total` of disk_usage_images() alone. */
int disk_usage_images_total(struct engine *engine, int64_t *out,
			    struct keg_err *err) KEG_MUST_CHECK;

#endif
