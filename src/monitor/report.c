/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/report.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"

/* A runtime's words may hold anything; what is not ASCII passes as it is. */
static void add_string(struct keg_buf *line, const char *name, const char *text)
{
	keg_buf_printf(line, ", \"%s\": \"", name);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			keg_buf_printf(line, "\\%c", *p);
		else if (*p == '\n')
			keg_buf_puts(line, "\\n");
		else if ((unsigned char)*p < ' ' || *p == 0x7f)
			keg_buf_printf(line, "\\u%04x", (unsigned)*p);
		else
			keg_buf_putc(line, *p);
	}
	keg_buf_putc(line, '"');
}

static void begin(struct keg_buf *line, const struct monitor_options *opt, long number)
{
	const char *key = opt->api_version >= 1 ? "data" : opt->exec ? "exit_code" : "pid";

	keg_buf_printf(line, "{\"%s\": %ld", key, number);
}

static void send_line(int fd, struct keg_buf *line)
{
	struct keg_err err;

	keg_buf_puts(line, "}\n");
	if (fd >= 0 && keg_write_all(fd, line->data, line->len, &err) < 0)
		keg_debug("report: %s", err.msg);
}

static void close_pipe(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void report_created(struct monitor_options *opt, pid_t pid)
{
	auto(keg_buf) line = { 0 };

	begin(&line, opt, pid);
	if (!opt->exec || opt->api_version >= 1)
		send_line(opt->sync_fd, &line);
	if (!opt->exec)
		close_pipe(&opt->sync_fd);
}

void report_failure(struct monitor_options *opt, const struct keg_err *failure, bool full)
{
	auto(keg_buf) line = { 0 };

	begin(&line, opt, -1);
	add_string(&line, "message", failure->msg);
	if (full) {
		keg_buf_printf(&line, ", \"code\": %d, \"errno\": %d", (int)failure->code,
			       failure->sys);
		if (failure->hint[0])
			add_string(&line, "hint", failure->hint);
	}
	send_line(opt->sync_fd, &line);
	close_pipe(&opt->sync_fd);
}

void report_exec_end(struct monitor_options *opt, int status, const char *message)
{
	auto(keg_buf) line = { 0 };

	begin(&line, opt, status);
	if (message)
		add_string(&line, "message", message);
	send_line(opt->sync_fd, &line);
	close_pipe(&opt->sync_fd);
}

void report_attachable(struct monitor_options *opt)
{
	auto(keg_buf) line = { 0 };

	begin(&line, opt, 0);
	send_line(opt->attach_fd, &line);
	close_pipe(&opt->attach_fd);
}
