/* SPDX-License-Identifier: Apache-2.0 */
/* exe_file.h - the file that /proc/PID/exe of a running program leads to. */
#ifndef KEG_OS_EXE_FILE_H
#define KEG_OS_EXE_FILE_H

#include "base/err.h"

/*
 * Let the calling program go on as one that was executed from `file`: another way to the file that
 * it was executed from, as a clone of the mount is. A path descriptor will do. It takes a fraction
 * of what executing it takes. Needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, one thread, and a
 * kernel with CONFIG_CHECKPOINT_RESTORE; on failure the program goes on as it was.
 */
int exe_file_replace(int file, struct keg_err *err) KEG_MUST_CHECK;

#endif
