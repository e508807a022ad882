/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - rows of JSON objects as the peers' list commands print them: an aligned table
 * with a heading, one template per row, a JSON list, or ids only. A column exists once.
 */
#ifndef KEG_CLI_TABLE_H
#define KEG_CLI_TABLE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct cli_column {
	const char *field;   /* the member of a row, as --format names it: "ID" */
	const char *heading; /* "CONTAINER ID" */
};

struct cli_table {
	const char *name;		  /* of the command, for template messages */
	const struct cli_column *columns; /* all known ones; ends with {0} */
	const char *standard;		  /* "{{.ID}}\t{{.Names}}": what no --format prints */
	bool noheading;
};

/*
 * Print `rows` (a JSON array of objects). `format` NULL: the standard table; "json": the list
 * `json_rows` (NULL: the rows) indented; "table {{.A}}\t{{.B}}": a table of those columns; any
 * other template: once a row, a newline after each.
 */
int cli_table_print(const struct cli_table *table, const char *format, struct json_object *rows,
		    struct json_object *json_rows, FILE *to, struct keg_err *err) KEG_MUST_CHECK;

#endif
