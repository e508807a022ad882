/* SPDX-License-Identifier: Apache-2.0 */
/* command_line.h - the words that this program was started with, as they were typed. */
#ifndef KEG_CMD_KEG_COMMAND_LINE_H
#define KEG_CMD_KEG_COMMAND_LINE_H

#include "base/err.h"
#include "base/strv.h"

int command_line_read(struct keg_strv *argv, struct keg_err *err) KEG_MUST_CHECK;

#endif
