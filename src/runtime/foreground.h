/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreground.h - standing in for a process until it ends: signals are passed on to it, and its
 * terminal to ours.
 */
#ifndef KEG_RUNTIME_FOREGROUND_H
#define KEG_RUNTIME_FOREGROUND_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "base/err.h"

struct foreground {
	bool open;
	int signals;	/* signalfd */
	int console[2]; /* a socket pair: [0] ours, [1] for the process; -1 without terminal */
	int master;	/* the terminal's side that came through it, or -1 */
	bool raw;	/* descriptor 0 was put into raw mode */
	struct termios before;
	sigset_t mask;
	/* A descriptor to watch beside, or -1, and what to do when something comes. */
	int watched;
	void (*on_watched)(void *data);
	void *data;
};

/* Before the process is cloned: from now on signals are held back. */
int foreground_open(struct foreground *f, bool terminal, struct keg_err *err) KEG_MUST_CHECK;

/* There will be no terminal after all. */
void foreground_drop_terminal(struct foreground *f);

/* Its terminal was sent: take it, and make ours raw. */
int foreground_attach(struct foreground *f, struct keg_err *err) KEG_MUST_CHECK;

/* Until it ends; its exit status (128 + signal). */
int foreground_wait(struct foreground *f, int pidfd, pid_t pid, struct keg_err *err) KEG_MUST_CHECK;

/* Start from {0}; what was never opened is left alone. */
void foreground_close(struct foreground *f);
KEG_AUTO(foreground, foreground_close)

#endif
