/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - a transfer's progress for people: a bar for each layer on a terminal, plain
 * lines elsewhere, nothing when quiet.
 */
#ifndef KEG_CLI_PROGRESS_H
#define KEG_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/auto.h"
#include "image/progress.h"

struct cli_progress;

/* Bars go to `to` when it is a terminal. Quiet: all is dropped. The caller frees it. */
struct cli_progress *cli_progress_new(FILE *to, bool quiet);

/* What to hand to a transfer; valid as long as the object. */
struct image_progress cli_progress_sink(struct cli_progress *p);

/*
 * For a transfer that succeeded: a line that says how many bytes were moved, and how many need not
 * be as they were there. On stderr whatever the bars are on, whose text programs may read.
 */
void cli_progress_summary(const struct cli_progress *p);

/* Leaves finished bars on the screen. NULL is fine. */
void cli_progress_free(struct cli_progress *p);
KEG_AUTOPTR(cli_progress, cli_progress_free)

#endif
