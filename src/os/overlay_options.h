/* SPDX-License-Identifier: Apache-2.0 */
/* overlay_options.h - an overlay's option words, sorted; for overlay.c and overlay_legacy.c. */
#ifndef KEG_OS_OVERLAY_OPTIONS_H
#define KEG_OS_OVERLAY_OPTIONS_H

#include <stdint.h>

#include "base/strv.h"
#include "os/overlay.h"

struct overlay_options {
	uint64_t attrs;	       /* MOUNT_ATTR_* */
	struct keg_strv words; /* for overlayfs: "volatile", "metacopy=on" */
};

int overlay_options_parse(const struct overlay_request *req, struct overlay_options *out,
			  struct keg_err *err) KEG_MUST_CHECK;
void overlay_options_done(struct overlay_options *options);
KEG_AUTO(overlay_options, overlay_options_done)

/* For a mount that the kernel refused with errno `sys`. */
int overlay_refused(struct keg_err *err, int sys, const char *what);

#endif
