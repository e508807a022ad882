/* SPDX-License-Identifier: Apache-2.0 */
/* storage_source.h - containers-storage: as a source. */
#ifndef KEG_IMAGE_STORAGE_SOURCE_H
#define KEG_IMAGE_STORAGE_SOURCE_H

#include "image/storage_ref.h"
#include "image/transport.h"

int storage_source_open(const char *rest, const struct image_access *access,
			struct image_source **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
