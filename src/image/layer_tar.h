/* SPDX-License-Identifier: Apache-2.0 */
/* layer_tar.h - a layer of the store as the tar that it came as. */
#ifndef KEG_IMAGE_LAYER_TAR_H
#define KEG_IMAGE_LAYER_TAR_H

#include "archive/stream.h"

/* Of its tar-split, which is taken over, and its folder; `to` is not finished. */
int layer_tar_send(int split, int tree, struct stream_out *to, struct keg_err *err) KEG_MUST_CHECK;

#endif
