/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bars are the last lines on the screen: each change moves the cursor up to the first of
 * them and draws those again that are on the screen. With more layers than lines, the oldest
 * that are complete scroll away. Elsewhere there is a line when a blob begins, as the peers
 * print it: "Copying blob sha256:..." and "Copying config sha256:...".
 */
#include "cli/progress.h"

#include <string.h>
#include <sys/ioctl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

enum { SHORT_DIGEST = 12, BAR = 24, LABEL = 28, FALLBACK_LINES = 24 };

struct bar {
	char *label;
	char *digest;
	enum image_event_kind state;
	uint64_t done, total;
};

struct cli_progress {
	FILE *to;
	bool quiet, terminal;
	struct bar *bars;
	size_t n;
	size_t drawn; /* bars on the screen, the last ones */
	uint64_t moved, saved;
};

struct cli_progress *cli_progress_new(FILE *to, bool quiet)
{
	struct cli_progress *p = keg_alloc(1, sizeof *p);

	p->to = to;
	p->quiet = quiet;
	p->terminal = isatty(fileno(to)) && !keg_str_eq(getenv("TERM"), "dumb");
	return p;
}

void cli_progress_free(struct cli_progress *p)
{
	for (size_t i = 0; p && i < p->n; i++) {
		free(p->bars[i].label);
		free(p->bars[i].digest);
	}
	if (p)
		free(p->bars);
	free(p);
}

static struct bar *find_bar(struct cli_progress *p, const char *digest)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->bars[i].digest, digest) == 0)
			return &p->bars[i];
	}
	return NULL;
}

static const char *short_digest(const char *digest)
{
	const char *colon = strchr(digest, ':');

	return colon ? colon + 1 : digest;
}

static struct bar *add_bar(struct cli_progress *p, const struct image_event *event)
{
	p->bars = keg_realloc(p->bars, p->n + 1, sizeof *p->bars);

	struct bar *bar = &p->bars[p->n++];
	*bar = (struct bar){
		.label = keg_printf("Copying %s %.*s", event->what, SHORT_DIGEST,
				    short_digest(event->digest)),
		.digest = keg_strdup(event->digest),
	};
	return bar;
}

static void draw_bar(const struct cli_progress *p, const struct bar *bar)
{
	autofree char *done = keg_format_bytes(bar->done);
	autofree char *total = keg_format_bytes(bar->total);
	char fill[BAR + 1];

	if (bar->state == IMAGE_EVENT_DONE || bar->state == IMAGE_EVENT_SKIPPED) {
		fprintf(p->to, "\r\033[K%-*s %s\n", LABEL, bar->label,
			bar->state == IMAGE_EVENT_DONE ? "done" : "skipped: already exists");
		return;
	}
	size_t full = bar->total ? (size_t)((double)bar->done / (double)bar->total * BAR) : 0;
	for (size_t i = 0; i < BAR; i++)
		fill[i] = i < full ? '=' : i == full ? '>' : '-';
	fill[BAR] = '\0';
	fprintf(p->to, "\r\033[K%-*s [%s] %s / %s\n", LABEL, bar->label, fill, done, total);
}

static size_t screen_lines(const struct cli_progress *p)
{
	struct winsize size = { 0 };

	if (ioctl(fileno(p->to), TIOCGWINSZ, &size) < 0 || size.ws_row < 2)
		return FALLBACK_LINES - 1;
	return size.ws_row - 1U;
}

static void erase(struct cli_progress *p)
{
	if (p->drawn > 0)
		fprintf(p->to, "\033[%zuA", p->drawn);
	p->drawn = 0;
}

static void draw(struct cli_progress *p)
{
	size_t room = screen_lines(p);
	size_t first = p->n > room ? p->n - room : 0;

	for (size_t i = first; i < p->n; i++)
		draw_bar(p, &p->bars[i]);
	p->drawn = p->n - first;
	fflush(p->to);
}

static void plain_line(struct cli_progress *p, const struct image_event *event, bool is_new)
{
	if (event->kind == IMAGE_EVENT_TEXT)
		fprintf(p->to, "%s\n", event->text);
	else if (is_new)
		fprintf(p->to, "Copying %s %s\n", event->what, event->digest);
	fflush(p->to);
}

static void report(void *ctx, const struct image_event *event)
{
	struct cli_progress *p = ctx;

	if (p->quiet)
		return;
	if (event->kind == IMAGE_EVENT_SUMMARY) {
		p->moved += event->done;
		p->saved += event->total;
		return;
	}
	struct bar *bar = event->kind == IMAGE_EVENT_TEXT ? NULL : find_bar(p, event->digest);
	bool is_new = event->kind != IMAGE_EVENT_TEXT && !bar;

	if (is_new)
		bar = add_bar(p, event);
	if (bar) {
		bar->state = event->kind;
		bar->done = event->done;
		bar->total = event->total;
	}
	if (!p->terminal) {
		plain_line(p, event, is_new);
		return;
	}
	if (event->kind == IMAGE_EVENT_TEXT) {
		/* What is complete stays above; a text ends a group of bars. */
		fprintf(p->to, "\r\033[K%s\n", event->text);
		p->drawn = 0;
		for (; p->n > 0; p->n--) {
			free(p->bars[p->n - 1].label);
			free(p->bars[p->n - 1].digest);
		}
		fflush(p->to);
		return;
	}
	erase(p);
	draw(p);
}

void cli_progress_summary(const struct cli_progress *p)
{
	autofree char *moved = keg_format_bytes(p->moved);
	autofree char *saved = keg_format_bytes(p->saved);

	if (p->quiet)
		return;
	if (p->saved > 0)
		fprintf(stderr, "Moved %s, saved %s\n", moved, saved);
	else
		fprintf(stderr, "Moved %s\n", moved);
}

struct image_progress cli_progress_sink(struct cli_progress *p)
{
	return (struct image_progress){ .report = report, .ctx = p };
}
