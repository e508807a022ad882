/* SPDX-License-Identifier: Apache-2.0 */
/* image_find.h - which image of the store a word of the command line means. */
#ifndef KEG_ENGINE_IMAGE_FIND_H
#define KEG_ENGINE_IMAGE_FIND_H

#include "store/image.h"

/*
 * A full or shortened id, a full name, or a short name ("debian", "library/debian:12"): then
 * localhost/, docker.io/ and after those any registry are tried. *name (may be NULL) is how
 * the image is called by that word, "" by id. KEG_ENOTFOUND with the peers' words otherwise.
 */
int image_find(struct store *store, const char *text, struct keg_arena *arena,
	       struct store_image *out, const char **name, struct keg_err *err) KEG_MUST_CHECK;

#endif
