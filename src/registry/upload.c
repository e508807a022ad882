/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol: POST gives a place, PATCH brings the bytes there (one request, chunked by
 * HTTP when the size is unknown), PUT says what digest they should have. Each answer names
 * the place for the next request.
 */
#include "registry/upload.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "registry/answer.h"
#include "registry/client.h"
#include "registry/retry.h"
#include "registry/url.h"

enum { ANSWER_MOST = 64 << 10 };

struct registry_upload {
	struct registry_repo *repo;
	char *place;
	bool committed;
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

/* POST, with mount and from or without. 1: the blob is there already, 0: *place is set. */
static int start(struct registry_repo *repo, const char *query, const char *also_pull, char **place,
		 struct keg_err *err)
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

	int r = start(repo, query, from, &place, err);
	if (r < 0)
		return keg_wrap(err, "mounting %s from %s to %s", digest, from, repo->name);
	if (r == 0)
		give_up(repo, place);
	return r;
}

static int send_once(struct registry_upload *upload, const struct registry_source *source,
		     struct http_response *answer, struct keg_err *err)
{
	auto(keg_strv) headers = { 0 };
	struct http_request request = {
		.method = "PATCH", .headers = &headers, .source = source, .most = ANSWER_MOST
	};

	int r = start(upload->repo, "", NULL, &upload->place, err);
	if (r > 0)
		return keg_fail(err, KEG_ENETWORK, "the registry takes an upload before it began");
	if (r < 0)
		return r;
	keg_strv_add(&headers, "Content-Type: application/octet-stream");
	request.url = upload->place;
	r = registry_send(upload->repo, &request, NULL, answer, err);
	if (r < 0)
		return r;
	if (answer->status != 202 && answer->status != 204 && answer->status != 201)
		return answer_fail(answer, err);
	return take_place(answer, &upload->place, err);
}

int registry_upload_send(struct registry_repo *repo, const struct registry_source *source,
			 struct registry_upload **out, struct keg_err *err)
{
	autoptr(registry_upload) upload = keg_alloc(1, sizeof *upload);
	struct retry retry = { 0 };
	int r;

	upload->repo = repo;
	for (;;) {
		auto(http_response) answer = { 0 };

		r = send_once(upload, source, &answer, err);
		if (r >= 0)
			break;
		if (!source->rewind ||
		    !retry_again(&retry, repo->client->http, answer.broken ? -1 : 0, &answer))
			return keg_wrap(err, "writing blob to %s", repo->name);
		r = source->rewind(source->ctx, err);
		if (r < 0)
			return r;
	}
	*out = take_ptr(&upload);
	return 0;
}

int registry_upload_commit(struct registry_upload *upload, const char *digest, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = url_add_query(upload->place, "digest", digest);
	struct http_request request = { .method = "PUT", .url = url, .most = ANSWER_MOST };

	int r = registry_call(upload->repo, &request, NULL, &answer, err);
	if (r >= 0 && (answer.status < 200 || answer.status > 299))
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

static int memory_rewind(void *ctx, struct keg_err *err)
{
	struct memory *m = ctx;

	(void)err;
	m->at = 0;
	return 0;
}

int registry_blob_put(struct registry_repo *repo, const char *digest, const void *bytes, size_t len,
		      struct keg_err *err)
{
	struct memory memory = { .bytes = bytes, .len = len };
	struct registry_source source = {
		.read = memory_read, .rewind = memory_rewind, .ctx = &memory, .size = (int64_t)len
	};
	autoptr(registry_upload) upload = NULL;

	int r = registry_upload_send(repo, &source, &upload, err);
	return r < 0 ? r : registry_upload_commit(upload, digest, err);
}
