/* SPDX-License-Identifier: Apache-2.0 */
/* copy_format.h - --format of copy and sync: the type of manifest that is wanted. */
#ifndef KEG_CMD_KEGCOPY_COPY_FORMAT_H
#define KEG_CMD_KEGCOPY_COPY_FORMAT_H

#include "base/err.h"

/* The media type for "oci" or "v2s2"; NULL for NULL. */
int copy_format_media(const char *format, const char **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
