/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made_source.h - an image that is made here, of layers in open files and of a configuration: a
 * source like any other. What tarball: and schema 1 have in common.
 */
#ifndef KEG_IMAGE_MADE_SOURCE_H
#define KEG_IMAGE_MADE_SOURCE_H

#include "image/spill.h"
#include "image/transport.h"

struct made_layer {
	int fd; /* the source's */
	struct image_measures is;
};

struct made_source {
	struct image_source base;
	struct made_layer *layers; /* lowest first */
	size_t n_layers;
	struct keg_buf config, manifest;
	enum manifest_kind kind;
};

/* With room for so many layers, of which there is none yet; takes `name` over. */
struct made_source *made_source_new(char *name, size_t room);

/*
 * The next layer, whose `fd` is taken over, always (negative: it could not be opened, and *err
 * says why, which is returned).
 */
int made_source_add(struct made_source *src, int fd, struct keg_err *err) KEG_MUST_CHECK;

/* The manifest, MANIFEST_OCI or MANIFEST_DOCKER, once `config` is filled. */
void made_source_finish(struct made_source *src, enum manifest_kind kind);

#endif
