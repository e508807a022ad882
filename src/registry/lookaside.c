/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/lookaside.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "registry/answer.h"
#include "registry/client.h"
#include "registry/retry.h"

#define ATOMIC "atomic"

enum {
	SCHEMA_VERSION = 2,
	LIST_BYTES_MAX = 64 << 20,
	NAME_BYTES = 16,
	PUT_ANSWER_MOST = 64 << 10,
};

struct signature_list {
	struct registry_signature *signatures;
	size_t n_signatures;
};

static const struct keg_json_field signature_rows[] = {
	JSON_I64("schemaVersion", struct registry_signature, version, KEG_JSON_ALWAYS),
	JSON_STR("name", struct registry_signature, name, KEG_JSON_ALWAYS),
	JSON_STR("type", struct registry_signature, type, KEG_JSON_ALWAYS),
	JSON_STR("content", struct registry_signature, content, KEG_JSON_ALWAYS),
	JSON_END,
};
static const struct keg_json_field list_rows[] = {
	JSON_OBJV("signatures", struct signature_list, signatures, 0, registry_signature,
		  signature_rows),
	JSON_END,
};

int registry_lookaside_get(struct registry_client *client, const char *url, size_t most,
			   struct keg_buf *out, struct keg_err *err)
{
	const struct registry_certs certs = { .verify = true };
	auto(http_response) answer = { 0 };
	struct http_request request = {
		.method = "GET", .url = url, .certs = &certs, .most = most
	};

	int r = retry_exchange(client->http, &request, &answer, err);
	if (r >= 0 && answer.status == 404)
		return 0;
	if (r >= 0 && answer.status != 200)
		r = answer_fail(&answer, err);
	if (r < 0)
		return keg_wrap(err, "reading signature from %s", url);
	keg_buf_add(out, keg_buf_text(&answer.body), answer.body.len);
	return 1;
}

bool registry_keeps_signatures(const struct registry_repo *repo)
{
	return repo->host->keeps_signatures;
}

bool registry_signature_is_atomic(const struct registry_signature *sig)
{
	return sig->version == SCHEMA_VERSION && keg_str_eq(sig->type, ATOMIC) && sig->content;
}

/* The extension has a root of its own beside /v2. */
static char *extension_url(const struct registry_repo *repo, const char *digest)
{
	return keg_printf("%s://%s/extensions/v2/%s/signatures/%s", repo->host->scheme,
			  repo->host->server, repo->path, digest);
}

int registry_signatures_get(struct registry_repo *repo, const char *digest, struct keg_arena *arena,
			    struct registry_signature **out, size_t *n, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = extension_url(repo, digest);
	struct http_request request = { .method = "GET", .url = url, .most = LIST_BYTES_MAX };
	struct signature_list list = { 0 };
	autojson root = NULL;

	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r >= 0 && answer.status != 200)
		r = answer_fail(&answer, err);
	if (r >= 0)
		r = keg_json_parse(keg_buf_text(&answer.body), answer.body.len, &root, err);
	if (r >= 0)
		r = keg_json_decode(root, list_rows, &list, arena, err);
	if (r < 0)
		return keg_wrap(err, "downloading signatures for %s in %s", digest, repo->name);
	*out = list.signatures;
	*n = list.n_signatures;
	return 0;
}

int registry_signature_put(struct registry_repo *repo, const char *digest, const void *bytes,
			   size_t len, struct keg_err *err)
{
	unsigned char random[NAME_BYTES];
	char hex[2 * NAME_BYTES + 1];

	keg_random(random, sizeof random);
	keg_hex(hex, random, sizeof random);
	autofree char *name = keg_printf("%s@%s", digest, hex);
	autofree char *content = keg_base64(bytes, len);
	autofree char *url = extension_url(repo, digest);
	const struct registry_signature sig = { SCHEMA_VERSION, name, ATOMIC, content };
	auto(keg_buf) body = { 0 };
	auto(http_response) answer = { 0 };

	autojson root = keg_json_encode(signature_rows, &sig);
	keg_json_print(root, &body);
	struct http_request request = { .method = "PUT",
					.url = url,
					.body = body.data,
					.body_len = body.len,
					.most = PUT_ANSWER_MOST };
	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r >= 0 && (answer.status < 200 || answer.status > 299))
		r = answer_fail(&answer, err);
	return r < 0 ? keg_wrap(err, "uploading signature for %s to %s", digest, repo->name) : 0;
}
