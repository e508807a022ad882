/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes are read one at a time: what follows the line is for whoever reads next. While a
 * password is typed the signals that end a program are blocked and waited for beside the
 * terminal, so that they take effect after it is restored.
 */
#include "cli/prompt.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/terminal.h"

enum { LINE_MOST = 64 << 10 };

static int read_line(int fd, char **out, struct keg_err *err)
{
	auto(keg_buf) line = { 0 };

	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return keg_fail_sys(err, errno, "read standard input");
		if (n == 0 && line.len == 0)
			return keg_fail(err, KEG_EUSAGE, "EOF");
		if (n == 0 || c == '\n')
			break;
		if (line.len >= LINE_MOST)
			return keg_fail(err, KEG_EUSAGE, "a line of more than %d bytes", LINE_MOST);
		keg_buf_putc(&line, c);
	}
	*out = keg_buf_take(&line);
	return 0;
}

int cli_prompt_line(FILE *to, const char *label, char **out, struct keg_err *err)
{
	fputs(label, to);
	fflush(to);
	return read_line(STDIN_FILENO, out, err);
}

/* Until a line or a signal is there. */
static void wait_for_either(int signals)
{
	struct pollfd on[] = { { .fd = STDIN_FILENO, .events = POLLIN },
			       { .fd = signals, .events = POLLIN } };

	while (poll(on, KEG_COUNT(on), -1) < 0 && errno == EINTR)
		;
}

static int read_hidden(const sigset_t *ending, const sigset_t *usual, char **out,
		       struct keg_err *err)
{
	struct termios before;
	autofd int signals = signalfd(-1, ending, SFD_CLOEXEC);

	if (signals < 0)
		return keg_fail_sys(err, errno, "watch for signals");
	int r = terminal_hide_typing(STDIN_FILENO, &before, err);
	if (r < 0)
		return r;
	wait_for_either(signals);

	struct pollfd on = { .fd = signals, .events = POLLIN };
	if (poll(&on, 1, 0) == 0)
		r = read_line(STDIN_FILENO, out, err);
	terminal_restore(STDIN_FILENO, &before);
	sigprocmask(SIG_SETMASK, usual, NULL);
	/* Only one with a handler comes so far. */
	return r < 0 || *out ? r : keg_fail(err, KEG_EUSAGE, "interrupted");
}

int cli_prompt_secret(FILE *to, const char *label, char **out, struct keg_err *err)
{
	const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t ending, usual;

	fputs(label, to);
	fflush(to);
	sigemptyset(&ending);
	for (size_t i = 0; i < KEG_COUNT(ends); i++)
		sigaddset(&ending, ends[i]);
	*out = NULL;
	sigprocmask(SIG_BLOCK, &ending, &usual);
	int r = read_hidden(&ending, &usual, out, err);
	sigprocmask(SIG_SETMASK, &usual, NULL);
	return r;
}
