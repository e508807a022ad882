/* SPDX-License-Identifier: Apache-2.0 */
/* stats_rdt.h - the figures of a container's resctrl group, in the form of runc's events. */
#ifndef KEG_RUNTIME_STATS_RDT_H
#define KEG_RUNTIME_STATS_RDT_H

#include "base/json.h"

/*
 * What of the folder's kernel can be divided and counted, and how it is for the group and what
 * counts in it (NULL: all of the group).
 */
struct json_object *stats_rdt(int root, const char *group, const char *monitor);

#endif
