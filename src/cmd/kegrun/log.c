/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/log.h"

#include <syslog.h>
#include <time.h>

#include "base/json.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/log_target.h"

/* What a name in a message holds must neither make two lines of one nor command a terminal. */
static void put_visible(char c, struct keg_buf *out)
{
	if (c == '\n')
		keg_buf_puts(out, "\\n");
	else if ((unsigned char)c < ' ' || c == 0x7f)
		keg_buf_printf(out, "\\x%02x", (unsigned char)c);
	else
		keg_buf_putc(out, c);
}

static void format_text(const char *level, const char *when, const char *text, struct keg_buf *out)
{
	keg_buf_printf(out, "time=\"%s\" level=%s msg=\"", when, level);
	for (const char *p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			keg_buf_putc(out, '\\');
		put_visible(*p, out);
	}
	keg_buf_putc(out, '"');
}

static void format_json(const char *level, const char *when, const char *text, struct keg_buf *out)
{
	autojson line = json_object_new_object();

	keg_json_put_str(line, "level", level);
	keg_json_put_str(line, "msg", text);
	keg_json_put_str(line, "time", when);
	keg_json_print(line, out);
}

enum level { ERROR, WARNING, DEBUG };

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[ERROR] = { "error", LOG_ERR },
	[WARNING] = { "warning", LOG_WARNING },
	[DEBUG] = { "debug", LOG_DEBUG },
};

static enum level wanted(const struct kegrun_globals *g)
{
	if (g->debug || keg_str_eq(g->log_level, levels[DEBUG].name))
		return DEBUG;
	return keg_str_eq(g->log_level, levels[ERROR].name) ? ERROR : WARNING;
}

static void put(const struct kegrun_globals *g, enum level level, const char *text)
{
	auto(keg_buf) line = { 0 };
	char when[64];
	struct tm tm;
	time_t now = time(NULL);
	bool json = keg_str_eq(g->log_format, "json");

	if (level > wanted(g))
		return;
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	if (json)
		format_json(levels[level].name, when, text, &line);
	else
		format_text(levels[level].name, when, text, &line);
	/* Elsewhere time and level are fields of their own. */
	autofree char *bare = keg_strdup(json ? line.data : text);
	keg_buf_putc(&line, '\n');
	if (keg_str_empty(g->log))
		fputs(line.data, stderr);
	else
		log_target_write(g->log, &(struct log_entry){ .priority = levels[level].priority,
							      .text = bare,
							      .line = line.data });
}

bool kegrun_log_wants_debug(const void *globals)
{
	return wanted(globals) == DEBUG;
}

int kegrun_log_check(const void *globals, struct keg_err *err)
{
	const struct kegrun_globals *g = globals;
	bool known = !g->log_level;

	for (size_t i = 0; i < KEG_COUNT(levels); i++)
		known |= keg_str_eq(g->log_level, levels[i].name);
	if (!known)
		return keg_fail(err, KEG_EUSAGE, "unknown log level: %s", g->log_level);
	return log_target_prepare(g->log, err);
}

void kegrun_log_error(const void *globals, const struct keg_err *err)
{
	const struct kegrun_globals *g = globals;

	put(g, ERROR, err->msg);
	if (!keg_str_empty(g->log)) {
		auto(keg_buf) line = { 0 };

		for (const char *p = err->msg; *p; p++)
			put_visible(*p, &line);
		fprintf(stderr, "%s\n", keg_buf_text(&line));
	}
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
}

void kegrun_log_warning(void *globals, const char *text)
{
	put(globals, WARNING, text);
}

void kegrun_log_debug(void *globals, const char *text)
{
	put(globals, DEBUG, text);
}
