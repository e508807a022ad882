/* SPDX-License-Identifier: Apache-2.0 */
/* prune_report.h - the question before something is removed, and what was, for the prune commands.
 */
#ifndef KEG_CMD_KEG_PRUNE_REPORT_H
#define KEG_CMD_KEG_PRUNE_REPORT_H

#include "engine/prune.h"

/* Print the warning, ask. 1 for an answer that begins with y, 0 for another. */
int prune_confirm(const char *warning, struct keg_err *err) KEG_MUST_CHECK;

/* What went, under the heading (may be NULL), and why something stayed. */
void prune_print(const struct prune_result *result, const char *heading);

#endif
