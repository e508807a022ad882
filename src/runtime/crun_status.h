/* SPDX-License-Identifier: Apache-2.0 */
/* crun_status.h - the file that crun keeps of a container, for those who read it in crun's folders.
 */
#ifndef KEG_RUNTIME_CRUN_STATUS_H
#define KEG_RUNTIME_CRUN_STATUS_H

#include "runtime/creation.h"

/* Write `status` beside the record of a container whose process is there. We never read it. */
int crun_status_write(const struct creation *c, struct keg_err *err) KEG_MUST_CHECK;

#endif
