/* SPDX-License-Identifier: Apache-2.0 */
/* idmap_text.h - the two texts that ranges of ids stand in: /proc/PID/uid_map, and subuid(5). */
#ifndef KEG_OS_IDMAP_TEXT_H
#define KEG_OS_IDMAP_TEXT_H

#include "os/idmap.h"

/* Lines "INSIDE OUTSIDE COUNT"; at most `most`, others and what is no such line are passed over. */
size_t idmap_text_parse(const char *text, struct idmap_range *out, size_t most);

/*
 * Lines "NAME:START:COUNT" of the user whose name or number it is. What they give follows one
 * another inside, from `inside` on; a range for which no ids are left there is passed over.
 */
size_t idmap_text_parse_sub(const char *text, const char *name, uint32_t number, uint32_t inside,
			    struct idmap_range *out, size_t most);

#endif
