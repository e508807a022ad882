/* SPDX-License-Identifier: Apache-2.0 */
/* tree_size.h - the bytes of all that is below a folder. */
#ifndef KEG_ENGINE_TREE_SIZE_H
#define KEG_ENGINE_TREE_SIZE_H

#include <stdint.h>

/* Links are not followed; what goes away meanwhile, and a missing folder, count nothing. */
int64_t tree_size(int parent, const char *name);

/* Of a copy of the tree `base` that was then used: files of the same size and time count nothing.
 */
int64_t tree_size_changed(int parent, const char *name, int base);

#endif
