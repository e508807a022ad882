/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol: POST gives a place, PATCH brings the bytes there, PUT says what digest they should
 * have. Each answer names the place for the next request.
 *
 * One PATCH brings everything, without a Content-Range, as no registry refuses that. A chunk of
 * known length with its range is sent where the registry names a least length of chunks, where
 * something on the way refuses a body of that size or of an unknown one, and after a break.
 */
#include "registry/upload.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "registry/answer.h"
#include "registry/blob.h"
#include "registry/client.h"
#include "registry/retry.h"
#include "registry/url.h"

enum {
	ANSWER_MOST = 64 << 10,
	CHUNK_USUAL = 4 << 20,
	CHUNK_SMALLEST = 64 << 10,
	CHUNK_LARGEST = 64 << 20, /* a wish for more is not obeyed */
	CHUNK_SHRINKS = 4,
	PROGRESS_BYTES = 64 << 10, /* this much more, and earlier failures are forgiven */
};

struct registry_upload {
	struct registry_repo *repo;
	const struct registry_source *source; /* while it is sent */
	char *place;			      /* NULL: none yet */
	uint64_t has;			      /* what the registry acknowledged */
	size_t chunk;			      /* 0: all in one */
	struct keg_buf bytes;		      /* of a chunk when no size is known */
	bool committed;
	bool lost; /* the source does not reach back to what the registry has */
};

/* The answer's Location becomes the place. */
static int take_place(const struct http_response *answer, char **place, struct keg_err *err)
{
	char *next = NULL;

	if (!answer->location)
		return keg_fail(err, KEG_ENETWORK, "the registry names no place for the upload");
	int r = url_resolve(answer->url, answer->location, &next, err);
	if (r < 0)
		return r;
	if (url_is_https(answer->url) && !url_is_https(next)) {
		free(next);
		return keg_fail(err, KEG_ENETWORK, "upload to unencrypted http refused");
	}
	free(*place);
	*place = next;
	return 0;
}

/*
 * POST, with mount and from or without. 1: the blob is there already, 0: *place is set, and *least
 * the least length of a chunk or -1.
 */
static int start(struct registry_repo *repo, const char *query, const char *also_pull, char **place,
		 int64_t *least, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = registry_url(repo, "/blobs/uploads/%s", query);
	struct http_request request = { .method = "POST", .url = url, .most = ANSWER_MOST };

	int r = registry_call(repo, &request, also_pull, &answer, err);
	if (r < 0)
		return r;
	if (answer.status == 201)
		return 1;
	if (answer.status != 202)
		return answer_fail(&answer, err);
	*least = answer.chunk_least;
	return take_place(&answer, place, err);
}

static void give_up(struct registry_repo *repo, const char *place)
{
	auto(http_response) answer = { 0 };
	struct http_request request = { .method = "DELETE", .url = place, .most = ANSWER_MOST };
	struct keg_err err;

	/* A courtesy: the registry collects what is forgotten. */
	if (registry_send(repo, &request, NULL, &answer, &err) < 0)
		keg_debug("%s", err.msg);
}

int registry_blob_mount(struct registry_repo *repo, const char *digest, const char *from,
			struct keg_err *err)
{
	autofree char *source = url_escape(from);
	autofree char *query = keg_printf("?mount=%s&from=%s", digest, source);
	autofree char *place = NULL;
	int64_t least;

	int r = start(repo, query, from, &place, &least, err);
	if (r < 0)
		return keg_wrap(err, "mounting %s from %s to %s", digest, from, repo->name);
	if (r == 0)
		give_up(repo, place);
	return r;
}

static int begin(struct registry_upload *upload, struct keg_err *err)
{
	int64_t least = -1;

	int r = start(upload->repo, "", NULL, &upload->place, &least, err);
	if (r > 0)
		return keg_fail(err, KEG_ENETWORK, "the registry takes an upload before it began");
	if (r >= 0 && upload->chunk == 0 && least > 0 && least <= CHUNK_LARGEST)
		upload->chunk = least > CHUNK_USUAL ? (size_t)least : CHUNK_USUAL;
	return r;
}

/* Read a chunk, whose length is not known before. Returns 1 when the source has ended. */
static int fill_chunk(struct registry_upload *upload, struct keg_err *err)
{
	const struct registry_source *source = upload->source;

	keg_buf_cut(&upload->bytes, 0);
	while (upload->bytes.len < upload->chunk) {
		size_t room = upload->chunk - upload->bytes.len;
		char *into = keg_buf_reserve(&upload->bytes, room);
		ssize_t n = source->read(source->ctx, into, room, err);

		if (n <= 0)
			return n < 0 ? (int)n : 1;
		upload->bytes.len += (size_t)n;
	}
	return 0;
}

/* What is to be sent next. Returns 1 when it is the last. */
static int choose_part(struct registry_upload *upload, struct http_request *request,
		       struct keg_err *err)
{
	const struct registry_source *source = upload->source;

	request->source_len = source->size < 0 ? -1 : source->size - (int64_t)upload->has;
	if (upload->chunk > 0 && source->size < 0) {
		int ended = fill_chunk(upload, err);

		request->body = keg_buf_text(&upload->bytes);
		request->body_len = upload->bytes.len;
		request->source_len = (int64_t)upload->bytes.len;
		return ended;
	}
	request->source = source;
	request->source_from = upload->has;
	if (upload->chunk == 0 || request->source_len <= (int64_t)upload->chunk)
		return 1;
	request->source_len = (int64_t)upload->chunk;
	return 0;
}

/* PATCH of what is left, or of a chunk. 1: that was all, 0: it was not. */
static int send_part(struct registry_upload *upload, struct http_response *answer,
		     struct keg_err *err)
{
	auto(keg_strv) headers = { 0 };
	struct http_request request = {
		.method = "PATCH", .headers = &headers, .url = upload->place, .most = ANSWER_MOST
	};

	int last = choose_part(upload, &request, err);
	if (last < 0)
		return last;
	if (request.source_len == 0 && upload->has > 0)
		return 1;
	keg_strv_add(&headers, "Content-Type: application/octet-stream");
	if (request.source_len > 0 && (upload->chunk > 0 || upload->has > 0))
		keg_strv_addf(&headers, "Content-Range: %" PRIu64 "-%" PRIu64, upload->has,
			      upload->has + (uint64_t)request.source_len - 1);
	int r = registry_send(upload->repo, &request, NULL, answer, err);
	if (r < 0)
		return r;
	if (answer->status != 202 && answer->status != 204 && answer->status != 201)
		return answer_fail(answer, err);
	if (request.source_len > 0)
		upload->has += (uint64_t)request.source_len;
	r = take_place(answer, &upload->place, err);
	return r < 0 ? r : last;
}

/* Passing trouble: of a server that was there once also that it is not reached. */
static bool is_passing(const struct registry_upload *upload, struct retry *retry,
		       struct http_response *answer)
{
	answer->broken |= answer->unreachable && upload->place;
	return retry_again(retry, upload->repo->client->http, answer->broken ? -1 : 0, answer);
}

/* Where does it stand? 1 when the registry says that it has more than nothing. */
static int ask_progress(struct registry_upload *upload, uint64_t *has)
{
	auto(http_response) answer = { 0 };
	struct http_request request = { .method = "GET",
					.url = upload->place,
					.most = ANSWER_MOST };
	struct keg_err err;
	struct retry retry = { 0 };
	uint64_t last;
	int r;

	do
		r = registry_send(upload->repo, &request, NULL, &answer, &err);
	while (is_passing(upload, &retry, &answer));
	if (r < 0 || answer.status / 100 != 2 || !answer.range)
		return 0;
	/* "0-0" is one byte, and what registries say that have none. */
	if (sscanf(answer.range, "0-%" SCNu64, &last) != 1 || last == 0 || last >= INT64_MAX)
		return 0;
	if (upload->source->size >= 0 && last >= (uint64_t)upload->source->size)
		return 0;
	if (answer.location && take_place(&answer, &upload->place, &err) < 0)
		return 0;
	*has = last + 1;
	return 1;
}

/* A server between us and the registry may refuse what the registry would take. */
static bool may_take_less(struct registry_upload *upload, int status)
{
	size_t less = upload->chunk > 0 ? upload->chunk / CHUNK_SHRINKS : CHUNK_USUAL;

	if ((status != 413 && (status != 411 || upload->chunk > 0)) || less < CHUNK_SMALLEST)
		return false;
	upload->chunk = less;
	return true;
}

/* It has more or less than we thought: what an attempt that broke brought may arrive late. */
static bool is_elsewhere(struct retry *retry, int status)
{
	return status == 416 && ++retry->failures < RETRY_MOST;
}

/* After a failure: everything is ready for what the registry lacks, or the failure stays. */
static int recover(struct registry_upload *upload, struct retry *retry,
		   struct http_response *answer)
{
	uint64_t before = upload->has;
	struct keg_err why;

	if (!upload->source->seek)
		return -1;
	if (!may_take_less(upload, answer->status) && !is_elsewhere(retry, answer->status) &&
	    !is_passing(upload, retry, answer))
		return -1;
	if (!upload->place || !ask_progress(upload, &upload->has)) {
		if (upload->place)
			give_up(upload->repo, upload->place);
		free(upload->place);
		upload->place = NULL;
		upload->has = 0;
	}
	if (upload->has > 0 && upload->source->size < 0 && upload->chunk == 0)
		upload->chunk = CHUNK_USUAL;
	if (upload->has >= before + PROGRESS_BYTES)
		retry->failures = 0;
	keg_debug("the upload goes on at byte %" PRIu64, upload->has);
	int r = upload->source->seek(upload->source->ctx, upload->has, &why);
	if (r < 0)
		keg_debug("%s", why.msg);
	upload->lost = r < 0;
	return r;
}

static int send_all(struct registry_upload *upload, struct keg_err *err)
{
	struct retry retry = { 0 };

	for (;;) {
		auto(http_response) answer = { 0 };

		int r = upload->place ? 0 : begin(upload, err);
		if (r < 0)
			return r;
		r = send_part(upload, &answer, err);
		if (r > 0)
			return 0;
		if (r == 0)
			retry.failures = 0;
		else if (recover(upload, &retry, &answer) < 0)
			return r;
	}
}

int registry_upload_send(struct registry_repo *repo, const struct registry_source *source,
			 struct registry_upload **out, bool *lost, struct keg_err *err)
{
	autoptr(registry_upload) upload = keg_alloc(1, sizeof *upload);

	upload->repo = repo;
	upload->source = source;
	int r = send_all(upload, err);
	keg_buf_done(&upload->bytes);
	upload->source = NULL;
	if (lost)
		*lost = upload->lost;
	if (r < 0)
		return keg_wrap(err, "writing blob to %s", repo->name);
	*out = take_ptr(&upload);
	return 0;
}

/* An answer that was lost may have been a good one: then the upload is gone and the blob there. */
static bool is_there(const struct registry_upload *upload, const char *digest)
{
	struct keg_err ignored;
	int64_t size;

	return registry_blob_stat(upload->repo, digest, &size, &ignored) == 1;
}

int registry_upload_commit(struct registry_upload *upload, const char *digest, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = url_add_query(upload->place, "digest", digest);
	struct http_request request = { .method = "PUT", .url = url, .most = ANSWER_MOST };

	int r = registry_call(upload->repo, &request, NULL, &answer, err);
	if (r >= 0 && (answer.status < 200 || answer.status > 299) &&
	    !(answer.status == 404 && is_there(upload, digest)))
		r = answer_fail(&answer, err);
	if (r < 0)
		return keg_wrap(err, "uploading layer to %s", upload->repo->name);
	upload->committed = true;
	return 0;
}

void registry_upload_free(struct registry_upload *upload)
{
	if (!upload->committed && upload->place)
		give_up(upload->repo, upload->place);
	free(upload->place);
	free(upload);
}

struct memory {
	const char *bytes;
	size_t len, at;
};

static ssize_t memory_read(void *ctx, void *into, size_t room, struct keg_err *err)
{
	struct memory *m = ctx;
	size_t n = m->len - m->at < room ? m->len - m->at : room;

	(void)err;
	memcpy(into, m->bytes + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static int memory_seek(void *ctx, uint64_t to, struct keg_err *err)
{
	struct memory *m = ctx;

	if (to > m->len)
		return keg_fail(err, KEG_ENETWORK, "the registry has more than there is");
	m->at = (size_t)to;
	return 0;
}

int registry_blob_put(struct registry_repo *repo, const char *digest, const void *bytes, size_t len,
		      struct keg_err *err)
{
	struct memory memory = { .bytes = bytes, .len = len };
	struct registry_source source = {
		.read = memory_read, .seek = memory_seek, .ctx = &memory, .size = (int64_t)len
	};
	autoptr(registry_upload) upload = NULL;

	int r = registry_upload_send(repo, &source, &upload, NULL, err);
	return r < 0 ? r : registry_upload_commit(upload, digest, err);
}
