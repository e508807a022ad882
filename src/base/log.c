/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"

static enum keg_log_level level_wanted = KEG_LOG_WARN;

void keg_log_set_level(enum keg_log_level level)
{
	level_wanted = level;
}

bool keg_log_wants(enum keg_log_level level)
{
	return level <= level_wanted;
}

/* One word for those who parse logs: quotes inside are escaped, a line stays a line. */
static void add_quoted(struct keg_buf *line, const char *text)
{
	keg_buf_putc(line, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			keg_buf_putc(line, '\\');
		keg_buf_putc(line, *c == '\n' ? ' ' : *c);
	}
	keg_buf_putc(line, '"');
}

void keg_log(enum keg_log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warning", "info", "debug", "trace" };
	char when[64];
	struct tm tm;
	time_t now = time(NULL);
	va_list ap;

	if (!keg_log_wants(level))
		return;
	va_start(ap, fmt);
	autofree char *text = keg_vprintf(fmt, ap);
	va_end(ap);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &tm));

	auto(keg_buf) line = { 0 };
	keg_buf_printf(&line, "time=\"%s\" level=%s msg=", when, names[level]);
	add_quoted(&line, text);
	keg_buf_putc(&line, '\n');
	fputs(keg_buf_text(&line), stderr);
}
