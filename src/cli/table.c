/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heading comes from running the same template over an object whose members are the
 * headings, so that "table {{.ID}} {{.Names}}" in any order and any number just works.
 */
#include "cli/table.h"

#include <string.h>

#include "base/json.h"
#include "base/strv.h"
#include "cli/template.h"

enum {
	GAP = 2,	/* spaces between columns */
	MIN_WIDTH = 10, /* of a column but the last, as the peers' tables */
	INDENT = 4,	/* spaces of a level of JSON */
};

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* Pad the tab-separated cells of all lines so that columns align; the last is not padded. */
static void print_aligned(const struct keg_strv *lines, FILE *to)
{
	enum { MAX_COLUMNS = 64 };
	size_t widths[MAX_COLUMNS] = { 0 };

	for (size_t i = 0; i < lines->n; i++) {
		auto(keg_strv) cells = { 0 };

		keg_strv_split(&cells, lines->v[i], '\t');
		for (size_t c = 0; c + 1 < cells.n && c < MAX_COLUMNS; c++) {
			size_t width = width_of(cells.v[c]);

			if (width < MIN_WIDTH)
				width = MIN_WIDTH;

			if (width > widths[c])
				widths[c] = width;
		}
	}
	for (size_t i = 0; i < lines->n; i++) {
		auto(keg_strv) cells = { 0 };

		keg_strv_split(&cells, lines->v[i], '\t');
		for (size_t c = 0; c < cells.n; c++) {
			size_t width = c < MAX_COLUMNS ? widths[c] : 0;
			size_t pad =
				width > width_of(cells.v[c]) ? width - width_of(cells.v[c]) : 0;

			fputs(cells.v[c], to);
			if (c + 1 < cells.n)
				fprintf(to, "%*s", (int)pad + GAP, "");
		}
		fputc('\n', to);
	}
}

static struct json_object *headings(const struct cli_table *table)
{
	struct json_object *obj = json_object_new_object();

	for (const struct cli_column *c = table->columns; c->field; c++)
		keg_json_put_str(obj, c->field, c->heading);
	return obj;
}

static int add_line(const struct cli_template *t, struct json_object *row, struct keg_strv *lines,
		    struct keg_err *err)
{
	struct keg_buf line = { 0 };
	int r = cli_template_run(t, row, &line, err);

	if (r < 0) {
		keg_buf_done(&line);
		return r;
	}
	keg_strv_take(lines, keg_buf_take(&line));
	return 0;
}

static int print_table(const struct cli_table *table, const char *format, struct json_object *rows,
		       FILE *to, struct keg_err *err)
{
	autoptr(cli_template) t = NULL;
	auto(keg_strv) lines = { 0 };
	autojson heads = headings(table);
	int r = cli_template_parse(table->name, format, &t, err);

	if (r >= 0 && !table->noheading)
		r = add_line(t, heads, &lines, err);
	for (size_t i = 0; i < json_object_array_length(rows) && r >= 0; i++)
		r = add_line(t, json_object_array_get_idx(rows, i), &lines, err);
	if (r < 0)
		return r;
	print_aligned(&lines, to);
	return 0;
}

static int print_rows(const struct cli_table *table, const char *format, struct json_object *rows,
		      FILE *to, struct keg_err *err)
{
	autoptr(cli_template) t = NULL;
	auto(keg_buf) out = { 0 };
	int r = cli_template_parse(table->name, format, &t, err);

	for (size_t i = 0; r >= 0 && i < json_object_array_length(rows); i++) {
		r = cli_template_run(t, json_object_array_get_idx(rows, i), &out, err);
		if (out.len > 0 && out.data[out.len - 1] != '\n')
			keg_buf_putc(&out, '\n');
	}
	if (r < 0)
		return r;
	fwrite(keg_buf_text(&out), 1, out.len, to);
	return 0;
}

int cli_table_print(const struct cli_table *table, const char *format, struct json_object *rows,
		    struct json_object *json_rows, FILE *to, struct keg_err *err)
{
	if (!format || !*format)
		return print_table(table, table->standard, rows, to, err);
	if (cli_format_is_json(format)) {
		auto(keg_buf) out = { 0 };

		keg_json_print_indented(json_rows ? json_rows : rows, INDENT, &out);
		fprintf(to, "%s\n", keg_buf_text(&out));
		return 0;
	}
	const char *columns = keg_str_after(format, "table ");
	if (strcmp(format, "table") == 0)
		return print_table(table, table->standard, rows, to, err);
	if (!columns)
		return print_rows(table, format, rows, to, err);
	while (*columns == ' ')
		columns++;

	/* As the peers: a space between two of them is as good as a tab. */
	autofree char *tabbed = keg_strdup(columns);
	for (char *at = tabbed; *at; at++)
		*at = (char)(*at == ' ' ? '\t' : *at);
	return print_table(table, tabbed, rows, to, err);
}
