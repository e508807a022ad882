/* SPDX-License-Identifier: Apache-2.0 */
/* image_name.h - names that users give to images. */
#ifndef KEG_ENGINE_IMAGE_NAME_H
#define KEG_ENGINE_IMAGE_NAME_H

#include "base/err.h"

/*
 * A name to give to an image: `text` normalized as the peers do it, localhost/ before a short
 * name and :latest after one without a tag. KEG_EUSAGE for what is no name, or has a digest.
 * The caller frees *out.
 */
int image_name_to_give(const char *text, char **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
