/* SPDX-License-Identifier: Apache-2.0 */
/* mountinfo.h - lines of /proc/PID/mountinfo, as proc(5) has them. */
#ifndef KEG_OS_MOUNTINFO_H
#define KEG_OS_MOUNTINFO_H

#include <stdbool.h>

/*
 * Where the mount of a line is and of which type its file system is; both are parts of the line,
 * which is written into. False: it is no such line, and nothing was.
 */
bool mountinfo_parse(char *line, char **place, char **type);

#endif
