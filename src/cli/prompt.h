/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.h - questions to the user on standard input. */
#ifndef KEG_CLI_PROMPT_H
#define KEG_CLI_PROMPT_H

#include <stdio.h>

#include "base/err.h"

/* Print `label`, read a line without its end; the caller frees. KEG_EUSAGE at the end of input. */
int cli_prompt_line(FILE *to, const char *label, char **out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same for a password, which is not shown: standard input has to be a terminal. A signal
 * that ends the program meanwhile finds the terminal as it was.
 */
int cli_prompt_secret(FILE *to, const char *label, char **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
