/* SPDX-License-Identifier: Apache-2.0 */
/* version.h - what --version says. */
#ifndef KEG_CMD_KEGRUN_VERSION_H
#define KEG_CMD_KEGRUN_VERSION_H

#include <stdio.h>

/* The commit that it was built from, or "unknown". */
const char *kegrun_commit(void);

/* For struct cli_program. */
void kegrun_version_print(const void *globals, FILE *to);

#endif
