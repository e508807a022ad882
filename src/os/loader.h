/* SPDX-License-Identifier: Apache-2.0 */
/* loader.h - what the dynamic loader leaves behind. */
#ifndef KEG_OS_LOADER_H
#define KEG_OS_LOADER_H

/*
 * Give back the pages of the C library and the loader that starting took: symbol tables, and code
 * that chose and relocated other code. What is used again comes back from the page cache by itself.
 */
void loader_give_back(void);

#endif
