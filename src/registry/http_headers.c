/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_headers.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/num.h"

enum { MAX_CHALLENGES = 16 };

void http_response_done(struct http_response *response)
{
	keg_buf_done(&response->body);
	keg_strv_done(&response->challenges);
	free(response->location);
	free(response->content_type);
	free(response->digest);
	free(response->link);
	free(response->content_range);
	free(response->range);
	free(response->subject);
	free(response->keeps_signatures);
	free(response->url);
	*response = (struct http_response){ 0 };
}

/* The value of header `name` in the line, trimmed, in new memory; NULL: another header. */
static char *header_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	const char *from = line + n + 1, *to = line + len;
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && strchr(" \t\r\n", to[-1]))
		to--;
	return keg_strndup(from, (size_t)(to - from));
}

static void take_number(const char *text, int64_t *out)
{
	struct keg_err ignored;
	uint64_t value;

	if (keg_parse_u64(text, &value, &ignored) >= 0 && value <= INT64_MAX)
		*out = (int64_t)value;
}

/* Retry-After is seconds or an HTTP date (RFC 9110, 10.2.3). */
static void take_retry_after(const char *text, int64_t *out)
{
	take_number(text, out);
	if (*out < 0) {
		time_t at = curl_getdate(text, NULL);
		if (at >= 0)
			*out = at > time(NULL) ? at - time(NULL) : 0;
	}
}

/* The last one counts, but links are a list that may come in several headers. */
static void put_text(char **into, char **value, bool is_list)
{
	char *text = is_list && *into ? keg_printf("%s, %s", *into, *value) : take_ptr(value);

	free(*into);
	*into = text;
}

void http_headers_take(struct http_response *out, const char *line, size_t len)
{
	const struct {
		const char *name;
		char **into;
	} texts[] = {
		{ "Location", &out->location },
		{ "Content-Type", &out->content_type },
		{ "Content-Range", &out->content_range },
		{ "Range", &out->range },
		{ "Docker-Content-Digest", &out->digest },
		{ "Link", &out->link },
		{ "OCI-Subject", &out->subject },
		{ "X-Registry-Supports-Signatures", &out->keeps_signatures },
	};

	/* A new status line: what came before was 100 Continue or the proxy's answer. */
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		http_response_done(out);
		out->length = out->retry_after = out->chunk_least = -1;
		return;
	}
	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		autofree char *value = header_value(line, len, texts[i].name);
		if (value) {
			put_text(texts[i].into, &value, texts[i].into == &out->link);
			return;
		}
	}

	autofree char *length = header_value(line, len, "Content-Length");
	if (length)
		take_number(length, &out->length);
	autofree char *chunk = header_value(line, len, "OCI-Chunk-Min-Length");
	if (chunk)
		take_number(chunk, &out->chunk_least);
	autofree char *after = header_value(line, len, "Retry-After");
	if (after)
		take_retry_after(after, &out->retry_after);
	char *challenge = header_value(line, len, "WWW-Authenticate");
	if (challenge && out->challenges.n < MAX_CHALLENGES)
		keg_strv_take(&out->challenges, challenge);
	else
		free(challenge);
}
