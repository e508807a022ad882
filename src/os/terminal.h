/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - pseudoterminals: a pair, the controlling terminal, raw mode, the size. */
#ifndef KEG_OS_TERMINAL_H
#define KEG_OS_TERMINAL_H

#include <stdint.h>
#include <termios.h>

#include "base/err.h"

struct terminal_pair {
	int master, slave;
};

/*
 * The other side of an open ptmx. Neither side is found by name, so nobody can slip another
 * file in between; a descriptor that is no ptmx is KEG_EDENIED. Takes over `master`.
 */
int terminal_open(int master, struct terminal_pair *out, struct keg_err *err) KEG_MUST_CHECK;

/* Make it our session's controlling terminal and descriptors 0, 1 and 2. */
int terminal_adopt(int slave, struct keg_err *err) KEG_MUST_CHECK;

int terminal_set_size(int fd, uint32_t rows, uint32_t columns, struct keg_err *err) KEG_MUST_CHECK;
/* Give `to` the size that `from` has; does nothing when `from` has none. */
void terminal_copy_size(int from, int to);

/*
 * No carriage return before a newline: for a terminal whose output is copied to somewhere that
 * is a terminal itself, which adds it, or a file, which shall not have it.
 */
int terminal_keep_newlines(int fd, struct keg_err *err) KEG_MUST_CHECK;
/* Raw mode for what is typed; output stays as it was. *before is for terminal_restore(). */
int terminal_make_raw(int fd, struct termios *before, struct keg_err *err) KEG_MUST_CHECK;
/* What is typed is not shown, for a password; the end of the line still is. */
int terminal_hide_typing(int fd, struct termios *before, struct keg_err *err) KEG_MUST_CHECK;
void terminal_restore(int fd, const struct termios *before);

#endif
