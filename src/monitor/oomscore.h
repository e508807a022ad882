/* SPDX-License-Identifier: Apache-2.0 */
/* oomscore.h - keeping the monitor, but not its container, from the out-of-memory killer. */
#ifndef KEG_MONITOR_OOMSCORE_H
#define KEG_MONITOR_OOMSCORE_H

enum { OOMSCORE_LEN = 16 };

/* Lower ours as far as allowed; the old value goes to `old`, "" when it is unknown. */
void oomscore_protect(char old[OOMSCORE_LEN]);

/* Set ours to `score`; NULL or "" leaves it. Without the privilege it stays as it is. */
void oomscore_set(const char *score);

#endif
