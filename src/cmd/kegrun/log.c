/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/log.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "cmd/kegrun/globals.h"

static void format_text(const char *level, const char *when, const char *text, struct keg_buf *out)
{
	keg_buf_printf(out, "time=\"%s\" level=%s msg=\"", when, level);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			keg_buf_putc(out, '\\');
		keg_buf_putc(out, *p);
	}
	keg_buf_puts(out, "\"\n");
}

static void format_json(const char *level, const char *when, const char *text, struct keg_buf *out)
{
	autojson line = json_object_new_object();

	keg_json_put_str(line, "level", level);
	keg_json_put_str(line, "msg", text);
	keg_json_put_str(line, "time", when);
	keg_json_print(line, out);
	keg_buf_putc(out, '\n');
}

static void put(const struct kegrun_globals *g, const char *level, const char *text)
{
	auto(keg_buf) line = { 0 };
	struct keg_err ignored;
	char when[64];
	struct tm tm;
	time_t now = time(NULL);

	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	if (keg_str_eq(g->log_format, "json"))
		format_json(level, when, text, &line);
	else
		format_text(level, when, text, &line);
	if (keg_str_empty(g->log)) {
		fputs(line.data, stderr);
		return;
	}
	autofd int fd =
		keg_open_at(AT_FDCWD, g->log, O_WRONLY | O_CREAT | O_APPEND, 0644, &ignored);
	if (fd < 0 || keg_write_all(fd, line.data, line.len, &ignored) < 0)
		fprintf(stderr, "cannot write to log %s\n", g->log);
}

void kegrun_log_error(const void *globals, const struct keg_err *err)
{
	const struct kegrun_globals *g = globals;

	put(g, "error", err->msg);
	if (!keg_str_empty(g->log))
		fprintf(stderr, "%s\n", err->msg);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
}

void kegrun_log_warning(void *globals, const char *text)
{
	put(globals, "warning", text);
}

void kegrun_log_debug(void *globals, const char *text)
{
	put(globals, "debug", text);
}
