/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer is one part (RFC 9110 section 14.4) or several in multipart/byteranges (14.6); a
 * server may join ranges that are close. So each part says where its bytes stand, and of those
 * the ones that are wanted next are taken: what comes before them is dropped.
 */
#include "registry/blob_range.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "registry/answer.h"
#include "registry/client.h"
#include "registry/retry.h"

enum {
	HEADER_MOST = 4000,	  /* of the Range header: servers take 8 KiB of a line */
	LINE_MOST = 4 << 10,	  /* of what stands before a part */
	PROGRESS_BYTES = 64 << 10 /* this much more, and earlier failures are forgiven */
};

enum where { IN_HEADERS = 0, IN_BYTES, PAST_END };

struct ranges {
	const struct registry_range *v;
	size_t n, first, end; /* `first` to `end` are asked for by the current request */
	uint64_t done;	      /* bytes of v[first] that the sink has */
	uint64_t given;	      /* of all */
	uint64_t size;
	registry_sink *sink;
	void *ctx;

	/* The answer. */
	bool multipart;
	enum where where;
	int64_t at, left; /* the part's bytes that come next */
	int64_t next_at;  /* what the headers before a part say */
	int64_t next_left;
	struct keg_buf line;
};

int registry_range_parse(const char *text, int64_t *start, int64_t *last, int64_t *total)
{
	char tail[24];

	*total = -1;
	if (!text || sscanf(text, "bytes %" SCNd64 "-%" SCNd64 "/%23s", start, last, tail) != 3)
		return -1;
	if (strcmp(tail, "*") != 0 && sscanf(tail, "%" SCNd64, total) != 1)
		return -1;
	return *start < 0 || *last < *start || *last == INT64_MAX ? -1 : 0;
}

static int take_place(struct ranges *r, const char *text, struct keg_err *err)
{
	int64_t start = 0, last = 0, total;

	if (registry_range_parse(text, &start, &last, &total) < 0)
		return keg_fail(err, KEG_ECORRUPT, "malformed Content-Range");
	if (total >= 0 && (uint64_t)total != r->size)
		return keg_fail(err, KEG_ECORRUPT,
				"the registry has %" PRId64 " bytes, the manifest says %" PRIu64,
				total, r->size);
	r->next_at = start;
	r->next_left = last - start + 1;
	return 0;
}

static int begin(void *ctx, const struct http_response *answer, struct keg_err *err)
{
	static const char multipart[] = "multipart/byteranges";
	struct ranges *r = ctx;

	if (answer->status != 206)
		return keg_fail(err, KEG_EUNSUPPORTED, "the registry gives whole blobs only");
	keg_buf_cut(&r->line, 0);
	r->next_left = 0;
	r->where = IN_HEADERS;
	r->multipart = answer->content_type &&
		       strncasecmp(answer->content_type, multipart, strlen(multipart)) == 0;
	if (r->multipart)
		return 0;
	int code = take_place(r, answer->content_range, err);
	if (code < 0)
		return code;
	r->at = r->next_at;
	r->left = r->next_left;
	r->where = IN_BYTES;
	return 0;
}

/* Bytes that stand at r->at: hand on what is wanted of them. */
static int take_bytes(struct ranges *r, const char *bytes, size_t len, struct keg_err *err)
{
	while (len > 0 && r->first < r->end) {
		const struct registry_range *want = &r->v[r->first];
		uint64_t next = want->at + r->done, left = want->len - r->done;
		uint64_t at = (uint64_t)r->at;
		size_t part;

		if (at > next)
			return keg_fail(err, KEG_ECORRUPT,
					"asked for bytes from %" PRIu64
					" on, got them from %" PRIu64,
					next, at);
		if (at < next) {
			part = next - at < len ? (size_t)(next - at) : len;
		} else {
			part = left < len ? (size_t)left : len;
			r->done += part;
			r->given += part;
			int code = r->sink(r->ctx, bytes, part, err);
			if (code < 0)
				return code;
		}
		if (r->done == want->len) {
			r->first++;
			r->done = 0;
		}
		bytes += part;
		len -= part;
		r->at += (int64_t)part;
	}
	return 0;
}

/* A line of what stands between parts: their boundary, their headers, nothing. */
static int take_line(struct ranges *r, struct keg_err *err)
{
	static const char field[] = "Content-Range:";
	const char *text = keg_buf_text(&r->line);
	int code = 0;

	if (strncasecmp(text, field, strlen(field)) == 0) {
		text += strlen(field);
		code = take_place(r, text + strspn(text, " \t"), err);
	} else if (*text == '\0' && r->next_left > 0) {
		r->at = r->next_at;
		r->left = r->next_left;
		r->next_left = 0;
		r->where = IN_BYTES;
	}
	keg_buf_cut(&r->line, 0);
	return code;
}

/* Returns how many bytes were part of headers. */
static int64_t take_headers(struct ranges *r, const char *bytes, size_t len, struct keg_err *err)
{
	const char *end = memchr(bytes, '\n', len);
	size_t part = end ? (size_t)(end - bytes) : len;

	if (r->line.len + part > LINE_MOST)
		return keg_fail(err, KEG_ECORRUPT, "malformed answer of several parts");
	keg_buf_add(&r->line, bytes, part);
	if (!end)
		return (int64_t)len;
	if (r->line.len > 0 && r->line.data[r->line.len - 1] == '\r')
		keg_buf_cut(&r->line, r->line.len - 1);
	int code = take_line(r, err);
	return code < 0 ? code : (int64_t)part + 1;
}

static int take(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct ranges *r = ctx;
	const char *from = bytes;

	while (len > 0 && r->where != PAST_END) {
		int64_t part;

		if (r->where == IN_HEADERS) {
			part = take_headers(r, from, len, err);
			if (part < 0)
				return (int)part;
		} else {
			part = (uint64_t)r->left < len ? r->left : (int64_t)len;
			int code = take_bytes(r, from, (size_t)part, err);
			if (code < 0)
				return code;
			r->left -= part;
			if (r->left == 0)
				r->where = r->multipart ? IN_HEADERS : PAST_END;
		}
		from += part;
		len -= (size_t)part;
	}
	return 0;
}

/* As many of the ranges as a header holds; sets r->end. */
static char *header_of(struct ranges *r)
{
	auto(keg_buf) text = { 0 };

	keg_buf_puts(&text, "Range: bytes=");
	for (r->end = r->first; r->end < r->n && text.len < HEADER_MOST; r->end++) {
		const struct registry_range *range = &r->v[r->end];
		uint64_t from = range->at + (r->end == r->first ? r->done : 0);

		keg_buf_printf(&text, "%s%" PRIu64 "-%" PRIu64, r->end > r->first ? "," : "", from,
			       range->at + range->len - 1);
	}
	return keg_buf_take(&text);
}

static int attempt(struct registry_repo *repo, const char *digest, struct ranges *r,
		   struct http_response *answer, struct keg_err *err)
{
	auto(keg_strv) headers = { 0 };
	autofree char *url = registry_url(repo, "/blobs/%s", digest);
	struct http_request request = { .method = "GET",
					.url = url,
					.headers = &headers,
					.sink = take,
					.begin = begin,
					.ctx = r };
	uint64_t before = r->given;

	keg_strv_take(&headers, header_of(r));
	int code = registry_send(repo, &request, NULL, answer, err);
	if (code < 0)
		return code;
	if (answer->status == 416)
		return keg_fail(err, KEG_EUNSUPPORTED, "the registry gives whole blobs only");
	if (answer->status != 206)
		return answer_fail(answer, err);
	/* A server may give fewer ranges than it was asked for, but not none. */
	if (r->given == before)
		return keg_fail(err, KEG_ECORRUPT, "the registry gives no byte of what was asked");
	return 0;
}

int registry_blob_ranges(struct registry_repo *repo, const char *digest, uint64_t size,
			 const struct registry_range *ranges, size_t n, registry_sink *sink,
			 void *ctx, struct keg_err *err)
{
	struct ranges r = { .v = ranges, .n = n, .size = size, .sink = sink, .ctx = ctx };
	auto(http_response) answer = { 0 };
	struct retry retry = { 0 };
	bool again = true;
	int code = 0;

	while (r.first < r.n && again) {
		uint64_t before = r.given;

		code = attempt(repo, digest, &r, &answer, err);
		if (r.given - before >= PROGRESS_BYTES)
			retry.failures = 0;
		again = code >= 0 ||
			retry_again(&retry, repo->client->http, answer.broken ? -1 : 0, &answer);
	}
	keg_buf_done(&r.line);
	return code < 0 ? keg_wrap(err, "reading parts of blob %s in %s", digest, repo->name) : 0;
}
