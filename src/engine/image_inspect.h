/* SPDX-License-Identifier: Apache-2.0 */
/* image_inspect.h - all that is known of an image, as `image inspect` prints it. */
#ifndef KEG_ENGINE_IMAGE_INSPECT_H
#define KEG_ENGINE_IMAGE_INSPECT_H

#include "base/json.h"
#include "store/image.h"

/* A new JSON object in Podman's names and order; the caller puts *out. */
int image_inspect(struct store *store, const struct store_image *image, struct json_object **out,
		  struct keg_err *err) KEG_MUST_CHECK;

/* Its configuration, parsed into the arena. */
struct image_config;
int image_config_load(struct store *store, const struct store_image *image, struct keg_arena *arena,
		      struct image_config *out, struct keg_err *err) KEG_MUST_CHECK;

/* name@digest for each name of the image and each of its manifests' digests. */
struct json_object *image_repo_digests(const struct store_image *image);

#endif
