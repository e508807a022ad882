/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blob is one or more answers laid end to end. `given` counts what the sink has; an answer
 * that starts earlier (a server without ranges starts at 0) has its beginning dropped.
 *
 * That all of them are of the same bytes is seen by the digest of the whole, and not asked for by
 * If-Range: servers behind one name give the same blob different ETags, and each difference would
 * cost all that has arrived.
 */
#include "registry/blob.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "registry/answer.h"
#include "registry/blob_range.h"
#include "registry/client.h"
#include "registry/retry.h"

enum { PROGRESS_BYTES = 64 << 10 }; /* this much more, and earlier failures are forgiven */

struct fetch {
	const struct registry_blob_want *want;
	int64_t size; /* wanted, or announced where nobody knew */
	registry_sink *sink;
	void *ctx;
	int64_t given; /* of the blob, from its start */
	int64_t drop;  /* of this answer, before what the sink wants */
};

static int wrong_size(const struct fetch *f, int64_t real, struct keg_err *err)
{
	return keg_fail(err, KEG_ECORRUPT,
			"the registry gives %" PRId64 " bytes, the manifest says %" PRId64, real,
			f->size);
}

static int begin(void *ctx, const struct http_response *answer, struct keg_err *err)
{
	struct fetch *f = ctx;
	int64_t start = 0, last, total = answer->length;

	if (answer->status == 206 &&
	    registry_range_parse(answer->content_range, &start, &last, &total) < 0)
		return keg_fail(err, KEG_ECORRUPT, "malformed Content-Range");
	if (start > f->given)
		return keg_fail(err, KEG_ECORRUPT,
				"asked for bytes from %" PRId64 " on, got them from %" PRId64,
				f->given, start);
	if (f->size >= 0 && total >= 0 && total != f->size)
		return wrong_size(f, total, err);
	if (f->size < 0 && total < 0)
		return keg_fail(err, KEG_ECORRUPT, "nobody says how long the blob is");
	f->size = total >= 0 ? total : f->size;
	f->drop = f->given - start;
	return 0;
}

static int take(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct fetch *f = ctx;
	const char *from = bytes;

	if (f->drop > 0) {
		size_t dropped = (uint64_t)f->drop < len ? (size_t)f->drop : len;

		f->drop -= (int64_t)dropped;
		from += dropped;
		len -= dropped;
	}
	if (len == 0)
		return 0;
	if (f->size >= 0 && (uint64_t)len > (uint64_t)(f->size - f->given))
		return keg_fail(err, KEG_ECORRUPT,
				"the registry gives more than the %" PRId64
				" bytes that the manifest says",
				f->size);
	f->given += (int64_t)len;
	return f->sink(f->ctx, from, len, err);
}

/* One attempt at `url`; NULL: the repository itself. */
static int attempt(struct registry_repo *repo, const char *url, struct fetch *f,
		   struct http_response *answer, struct keg_err *err)
{
	auto(keg_strv) headers = { 0 };
	autofree char *own = registry_url(repo, "/blobs/%s", f->want->digest);
	struct http_request request = { .method = "GET",
					.url = url ? url : own,
					.headers = &headers,
					.sink = take,
					.begin = begin,
					.ctx = f };

	if (f->given > 0)
		keg_strv_addf(&headers, "Range: bytes=%" PRId64 "-", f->given);
	int r = registry_send(repo, &request, NULL, answer, err);
	if (r < 0)
		return r;
	/* Nothing is left to send: the attempt before had it all but its end. */
	if (answer->status == 416 && f->size >= 0 && f->given == f->size)
		return 0;
	if (answer->status != 200 && answer->status != 206)
		return answer_fail(answer, err);
	if (f->size >= 0 && f->given < f->size) {
		/* Of an answer that did not say its length, the end looks like a break. */
		answer->broken = answer->length < 0;
		return wrong_size(f, f->given, err);
	}
	return 0;
}

static int fetch_from(struct registry_repo *repo, const char *url, struct fetch *f,
		      struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	struct retry retry = { 0 };
	int r;

	do {
		int64_t before = f->given;

		r = attempt(repo, url, f, &answer, err);
		if (f->given - before >= PROGRESS_BYTES)
			retry.failures = 0;
		answer.broken |= answer.unreachable && f->given > f->want->offset;
	} while (retry_again(&retry, repo->client->http, answer.broken ? -1 : 0, &answer));
	return r;
}

int registry_blob_get(struct registry_repo *repo, const struct registry_blob_want *want,
		      registry_sink *sink, void *ctx, struct keg_err *err)
{
	struct fetch f = {
		.want = want, .size = want->size, .sink = sink, .ctx = ctx, .given = want->offset
	};
	int r = -KEG_ENOTFOUND;

	if (want->size >= 0 && want->offset >= want->size && want->size > 0)
		return want->offset == want->size ? 0 : wrong_size(&f, want->offset, err);
	for (size_t i = 0; i < want->n_urls && r < 0; i++) {
		r = fetch_from(repo, want->urls[i], &f, err);
		if (r < 0)
			keg_debug("%s: %s", want->urls[i], err->msg);
		if (r < 0 && f.given > want->offset) /* begun: the rest must come from there */
			break;
	}
	if (r < 0 && f.given == want->offset)
		r = fetch_from(repo, NULL, &f, err);
	return r < 0 ? keg_wrap(err, "reading blob %s in %s", want->digest, repo->name) : 0;
}

int registry_blob_stat(struct registry_repo *repo, const char *digest, int64_t *size,
		       struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = registry_url(repo, "/blobs/%s", digest);
	struct http_request request = { .method = "HEAD", .url = url };

	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r >= 0 && answer.status == 404)
		return 0;
	if (r >= 0 && answer.status != 200)
		r = answer_fail(&answer, err);
	if (r < 0)
		return keg_wrap(err, "checking whether a blob %s exists in %s", digest, repo->name);
	*size = answer.length;
	return 1;
}
