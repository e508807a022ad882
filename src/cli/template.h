/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - Go's text/template (pkg.go.dev/text/template), as far as --format uses it,
 * over JSON values: fields, indices, variables, pipelines, if/else, range, with, break,
 * comparisons, printf, and the peers' functions json, join, split, upper, lower, title, pad,
 * truncate, table-free. `define`, `template` and `block` are refused.
 */
#ifndef KEG_CLI_TEMPLATE_H
#define KEG_CLI_TEMPLATE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct cli_template;

/*
 * Parse `text`; `name` is the command's, for messages ("template: ps:1: ..."). The escapes
 * \t and \n in the text outside actions stand for a tab and a newline, as in the peers.
 * The caller frees *out.
 */
int cli_template_parse(const char *name, const char *text, struct cli_template **out,
		       struct keg_err *err) KEG_MUST_CHECK;

/* Append the outcome over `data` to *out. A field that an object at the top lacks is KEG_EUSAGE. */
int cli_template_run(const struct cli_template *t, struct json_object *data, struct keg_buf *out,
		     struct keg_err *err) KEG_MUST_CHECK;

void cli_template_free(struct cli_template *t);
KEG_AUTOPTR(cli_template, cli_template_free)

/* Does the text name fields in {{...}} rather than being the word "json"? */
bool cli_format_is_json(const char *format);

/* A JSON value as Go's %v: text plain, [a b], map[k:v]; appended. NULL is "<no value>". */
void cli_value_print(struct json_object *value, struct keg_buf *out);

#endif
