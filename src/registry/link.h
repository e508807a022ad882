/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - what a Link header says comes next (RFC 8288). */
#ifndef KEG_REGISTRY_LINK_H
#define KEG_REGISTRY_LINK_H

/* The target of the first link that is "next", as it stands there; the caller frees. NULL: none. */
char *link_next(const char *header);

#endif
