/* SPDX-License-Identifier: Apache-2.0 */
/* signal_names.h - signals as people write them: "TERM", "SIGTERM", "sigterm", "15", "RTMIN+1". */
#ifndef KEG_OS_SIGNAL_NAMES_H
#define KEG_OS_SIGNAL_NAMES_H

#include "base/err.h"

/* The number of a signal, 1 to SIGRTMAX; KEG_EUSAGE "invalid signal: TEXT" otherwise. */
int signal_parse(const char *text, struct keg_err *err) KEG_MUST_CHECK;

/* "TERM" for SIGTERM; NULL for real-time signals and for what is no signal. */
const char *signal_name(int sig);

#endif
