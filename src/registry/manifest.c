/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/manifest.h"

#include <nettle/sha2.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/sha256.h"
#include "registry/answer.h"
#include "registry/client.h"
#include "spec/digest.h"
#include "spec/schema1.h"

enum { PUT_ANSWER_MOST = 64 << 10 };

/* All that any of the peers understands; a registry that converts picks the first it can. */
static const char *const accepted[] = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.docker.distribution.manifest.v1+prettyjws",
	"application/vnd.docker.distribution.manifest.v1+json",
};

void registry_manifest_done(struct registry_manifest *manifest)
{
	keg_buf_done(&manifest->bytes);
	free(manifest->media_type);
	free(manifest->digest);
	*manifest = (struct registry_manifest){ 0 };
}

/* The digest of bytes in the algorithm of another, valid digest; NULL: sha256. */
static char *digest_like(const char *like, const void *bytes, size_t len)
{
	char hex[2 * SHA512_DIGEST_SIZE + 1];

	if (!like || digest_is_sha256(like)) {
		keg_sha256_hex(bytes, len, hex);
		return keg_printf("sha256:%s", hex);
	}

	struct sha512_ctx sum;
	unsigned char out[SHA512_DIGEST_SIZE];

	sha512_init(&sum);
	sha512_update(&sum, len, bytes);
	sha512_digest(&sum, sizeof out, out);
	keg_hex(hex, out, sizeof out);
	return keg_printf("sha512:%s", hex);
}

/* `digest` is what was asked for, or what the registry said; NULL and "" say nothing. */
static int verify(const char *digest, const struct registry_manifest *manifest, struct keg_err *err)
{
	if (keg_str_empty(digest))
		return 0;
	int r = digest_check(digest, err);
	if (r < 0)
		return r;

	auto(keg_buf) payload = { 0 };
	r = schema1_payload(keg_buf_text(&manifest->bytes), manifest->bytes.len, &payload, err);
	if (r < 0)
		return r;
	const struct keg_buf *signed_part = r > 0 ? &payload : &manifest->bytes;
	autofree char *real = digest_like(digest, keg_buf_text(signed_part), signed_part->len);
	if (!keg_str_eq(real, digest))
		return keg_fail(err, KEG_ECORRUPT, "manifest does not match its digest: %s, not %s",
				real, digest);
	return 0;
}

static void add_accept(struct keg_strv *headers)
{
	for (size_t i = 0; i < KEG_COUNT(accepted); i++)
		keg_strv_addf(headers, "Accept: %s", accepted[i]);
}

static char *media_type_of(const struct http_response *answer)
{
	const char *type = answer->content_type ? answer->content_type : "";

	return keg_strndup(type, strcspn(type, "; \t"));
}

static int get(struct registry_repo *repo, const char *ref, struct registry_manifest *out,
	       struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	auto(keg_strv) headers = { 0 };
	autofree char *url = registry_url(repo, "/manifests/%s", ref);
	struct http_request request = {
		.method = "GET", .url = url, .headers = &headers, .most = REGISTRY_MANIFEST_MOST
	};

	add_accept(&headers);
	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r < 0)
		return r;
	if (answer.status != 200)
		return answer_fail(&answer, err);

	registry_manifest_done(out);
	out->bytes = answer.body;
	answer.body = (struct keg_buf){ 0 };
	out->media_type = media_type_of(&answer);
	const char *asked = strchr(ref, ':') ? ref : NULL;
	r = verify(asked, out, err);
	if (r >= 0)
		r = verify(answer.digest, out, err);
	if (r < 0)
		return r;
	out->digest = digest_like(asked, keg_buf_text(&out->bytes), out->bytes.len);
	return 0;
}

int registry_manifest_get(struct registry_repo *repo, const char *ref,
			  struct registry_manifest *out, struct keg_err *err)
{
	int r = get(repo, ref, out, err);

	if (r < 0) {
		registry_manifest_done(out);
		return keg_wrap(err, "reading manifest %s in %s", ref, repo->name);
	}
	return 0;
}

int registry_manifest_digest(struct registry_repo *repo, const char *ref, char **out,
			     struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	auto(keg_strv) headers = { 0 };
	auto(registry_manifest) manifest = { 0 };
	autofree char *url = registry_url(repo, "/manifests/%s", ref);
	struct http_request request = { .method = "HEAD", .url = url, .headers = &headers };

	add_accept(&headers);
	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r < 0)
		return keg_wrap(err, "reading digest %s in %s", ref, repo->name);
	if (answer.status == 200 && answer.digest && digest_is_valid(answer.digest)) {
		*out = take_ptr(&answer.digest);
		return 0;
	}
	/* No digest, no HEAD, or an error whose text only a GET gives. */
	r = registry_manifest_get(repo, ref, &manifest, err);
	if (r < 0)
		return r;
	*out = take_ptr(&manifest.digest);
	return 0;
}

int registry_manifest_put(struct registry_repo *repo, const char *ref, const char *media_type,
			  const void *bytes, size_t len, struct registry_said *said,
			  struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	auto(keg_strv) headers = { 0 };
	autofree char *url = registry_url(repo, "/manifests/%s", ref);
	struct http_request request = { .method = "PUT",
					.url = url,
					.headers = &headers,
					.body = bytes,
					.body_len = len,
					.most = PUT_ANSWER_MOST };

	if (!keg_str_empty(media_type))
		keg_strv_addf(&headers, "Content-Type: %s", media_type);
	int r = registry_call(repo, &request, NULL, &answer, err);
	if (said)
		*said = (struct registry_said){
			.lacks_blobs = answer_names(&answer, "MANIFEST_BLOB_UNKNOWN") ||
				       answer_names(&answer, "BLOB_UNKNOWN"),
			.lists_subject = answer.subject,
		};
	if (r >= 0 && (answer.status < 200 || answer.status > 299))
		r = answer_fail(&answer, err);
	return r < 0 ? keg_wrap(err, "uploading manifest %s to %s", ref, repo->name) : 0;
}

int registry_manifest_delete(struct registry_repo *repo, const char *ref, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *digest = strchr(ref, ':') ? keg_strdup(ref) : NULL;

	if (!digest) {
		int r = registry_manifest_digest(repo, ref, &digest, err);
		if (r == -KEG_ENOTFOUND)
			return keg_fail(err, KEG_ENOTFOUND,
					"unable to delete %s:%s: image may not exist or is not "
					"stored with a v2 Schema in a v2 registry",
					repo->name, ref);
		if (r < 0)
			return r;
	}

	autofree char *url = registry_url(repo, "/manifests/%s", digest);
	struct http_request request = { .method = "DELETE", .url = url, .most = PUT_ANSWER_MOST };
	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r >= 0 && answer.status != 202 && answer.status != 200)
		r = answer_fail(&answer, err);
	return r < 0 ? keg_wrap(err, "failed to delete %s@%s", repo->name, digest) : 0;
}
