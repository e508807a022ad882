/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - a new container from an image and the user's options. */
#ifndef KEG_ENGINE_CREATE_H
#define KEG_ENGINE_CREATE_H

#include "engine/container.h"
#include "engine/options.h"

struct container_request {
	const struct container_options *options;
	const char *image;
	char *const *command; /* NULL-terminated: what stands after the image */
	char *const *argv;    /* NULL-terminated: the whole command line, for inspect */
	bool starts;	      /* the caller starts it at once: `run` */
	bool *no_image;	      /* set when it fails because the store has no such image */
};

/*
 * Make it: locked, with its root mounted (out->rootfs), not started. The image must be in the
 * store: KEG_ENOTFOUND otherwise, before anything is made. On failure nothing is left.
 *
 * `hold` NULL: the image is pinned. Else *hold gets a hold on all images (store/pin.h), and the
 * caller pins or releases.
 */
int container_create(struct engine *engine, const struct container_request *req, int *hold,
		     struct container *out, struct keg_err *err) KEG_MUST_CHECK;

/* Mount its root again, for a start or a look: fills c->rootfs. */
int container_mount(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

#endif
