/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - which storage driver a graph root is used with, chosen as the peers choose: what
 * somebody names; else of driver_priority (nobody's: overlay alone) the first that the graph root
 * was used with; else the first that works here.
 */
#ifndef KEG_STORE_DRIVER_H
#define KEG_STORE_DRIVER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"

struct driver_request {
	const char *named; /* NULL or "": nobody named one */
	const struct keg_strv *priority;
	const char *graphroot;
	bool rootless; /* without a priority, the driver of what is there already is taken */
};

/*
 * *out is "overlay", "vfs" or another name, which store_open() refuses. Several stores in the
 * graph root of which none was named are KEG_EUSAGE. A named driver that the graph root was never
 * used with, while others were, is warned of: their images are not seen.
 */
int driver_choose(const struct driver_request *want, char **out,
		  struct keg_err *err) KEG_MUST_CHECK;

#endif
