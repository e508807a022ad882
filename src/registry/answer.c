/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/answer.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

enum { MAX_ERRORS = 4, MAX_TEXT = 256 };

static const struct status_name {
	int status;
	const char *name;
} status_names[] = {
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 409, "Conflict" },
	{ 413, "Request Entity Too Large" },
	{ 416, "Requested Range Not Satisfiable" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 507, "Insufficient Storage" },
};

char *answer_status_text(int status)
{
	for (size_t i = 0; i < KEG_COUNT(status_names); i++) {
		if (status_names[i].status == status)
			return keg_printf("%d (%s)", status, status_names[i].name);
	}
	return keg_printf("%d", status);
}

bool answer_is_transient(int status)
{
	return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* The text goes to a terminal: one line, no control characters, not endless. */
static void add_text(struct keg_buf *out, const char *text)
{
	for (size_t i = 0; i < MAX_TEXT && text[i]; i++)
		keg_buf_putc(out, iscntrl((unsigned char)text[i]) ? ' ' : text[i]);
}

/* MANIFEST_UNKNOWN is "manifest unknown" in the peers' messages. */
static void add_code(struct keg_buf *out, const char *code)
{
	size_t from = out->len;

	add_text(out, code);
	for (size_t i = from; i < out->len; i++) {
		char c = out->data[i];

		out->data[i] = (char)(c == '_' ? ' ' : tolower((unsigned char)c));
	}
}

static void add_error(struct keg_buf *out, struct json_object *error)
{
	const char *code = keg_json_str(error, "code", "unknown");
	const char *message = keg_json_str(error, "message", "");

	if (out->len > 0)
		keg_buf_puts(out, ", ");
	add_code(out, code);
	if (*message) {
		keg_buf_puts(out, ": ");
		add_text(out, message);
	}
}

/* {"errors":[{"code":..., "message":...}]}, and {"details": ...} of token servers. */
static void add_errors(const struct http_response *answer, struct keg_buf *out)
{
	struct keg_err ignored;
	autojson body = NULL;

	if (keg_json_parse(keg_buf_text(&answer->body), answer->body.len, &body, &ignored) < 0)
		return;
	struct json_object *errors = keg_json_get(body, "errors");
	if (errors && json_object_is_type(errors, json_type_array)) {
		size_t n = json_object_array_length(errors);

		for (size_t i = 0; i < n && i < MAX_ERRORS; i++)
			add_error(out, json_object_array_get_idx(errors, i));
	} else if (keg_json_get(body, "details")) {
		add_text(out, keg_json_str(body, "details", ""));
	}
}

bool answer_names(const struct http_response *answer, const char *code)
{
	struct keg_err ignored;
	autojson body = NULL;

	if (keg_json_parse(keg_buf_text(&answer->body), answer->body.len, &body, &ignored) < 0)
		return false;
	struct json_object *errors = keg_json_get(body, "errors");
	if (!errors || !json_object_is_type(errors, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(errors); i++) {
		struct json_object *error = json_object_array_get_idx(errors, i);

		if (keg_str_eq(keg_json_str(error, "code", ""), code))
			return true;
	}
	return false;
}

static enum keg_code code_of(int status)
{
	if (status == 404)
		return KEG_ENOTFOUND;
	return status == 401 || status == 403 ? KEG_EAUTH : KEG_ENETWORK;
}

int answer_fail(const struct http_response *answer, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	add_errors(answer, &text);
	if (text.len > 0)
		return keg_fail(err, code_of(answer->status), "%s", text.data);
	if (answer->status == 401)
		return keg_fail(err, KEG_EAUTH, "unauthorized: authentication required");

	autofree char *status = answer_status_text(answer->status);
	return keg_fail(err, code_of(answer->status), "invalid status code from registry %s",
			status);
}
