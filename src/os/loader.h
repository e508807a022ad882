/* SPDX-License-Identifier: Apache-2.0 */
/* loader.h - what the dynamic loader leaves behind. */
#ifndef KEG_OS_LOADER_H
#define KEG_OS_LOADER_H

#include <stdbool.h>

/*
 * Give back the pages of the loader and of symbol tables that starting took and nothing needs
 * afterwards; with `code` those of the libraries' code as well, of which a third is not needed
 * again, but the rest has to come back from the page cache, a fault at a time.
 */
void loader_give_back(bool code);

#endif
