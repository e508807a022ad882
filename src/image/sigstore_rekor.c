/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log signs is its entry in the one canonical form of JSON (RFC 8785). The entry has four
 * members whose values need no escapes, so the form is written here from what was read.
 */
#include "image/sigstore_rekor.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/json_strict.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/sha256.h"
#include "base/strv.h"
#include "image/libcrypto.h"
#include "image/sigstore_key.h"

#define KIND "hashedrekord"
#define API_VERSION "0.0.1"

/* Numbers up to here are the same in every reader of JSON. */
#define EXACT_MAX (INT64_C(1) << 53)

struct rekor_entry {
	const char *body, *log_id;
	int64_t time, index;
};
struct rekor_set {
	const char *timestamp;
	struct rekor_entry *entry;
};
static const struct keg_json_field entry_rows[] = {
	JSON_STR("body", struct rekor_entry, body, KEG_JSON_REQUIRED),
	JSON_I64("integratedTime", struct rekor_entry, time, KEG_JSON_REQUIRED),
	JSON_STR("logID", struct rekor_entry, log_id, KEG_JSON_REQUIRED),
	JSON_I64("logIndex", struct rekor_entry, index, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field set_rows[] = {
	JSON_STR("SignedEntryTimestamp", struct rekor_set, timestamp, KEG_JSON_REQUIRED),
	JSON_OBJ("Payload", struct rekor_set, entry, KEG_JSON_REQUIRED, rekor_entry, entry_rows),
	JSON_END,
};

/* The body of an entry of the kind that signatures are. */
struct rekor_hash {
	const char *algorithm, *value;
};
struct rekor_data {
	struct rekor_hash *hash;
};
struct rekor_key {
	const char *content;
};
struct rekor_signature {
	const char *content;
	struct rekor_key *key;
};
struct rekor_spec {
	struct rekor_data *data;
	struct rekor_signature *signature;
};
struct rekor_body {
	const char *version, *kind;
	struct rekor_spec *spec;
};
static const struct keg_json_field hash_rows[] = {
	JSON_STR("algorithm", struct rekor_hash, algorithm, KEG_JSON_REQUIRED),
	JSON_STR("value", struct rekor_hash, value, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field data_rows[] = {
	JSON_OBJ("hash", struct rekor_data, hash, KEG_JSON_REQUIRED, rekor_hash, hash_rows),
	JSON_END,
};
static const struct keg_json_field key_rows[] = {
	JSON_STR("content", struct rekor_key, content, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field signature_rows[] = {
	JSON_STR("content", struct rekor_signature, content, KEG_JSON_REQUIRED),
	JSON_OBJ("publicKey", struct rekor_signature, key, KEG_JSON_REQUIRED, rekor_key, key_rows),
	JSON_END,
};
static const struct keg_json_field spec_rows[] = {
	JSON_OBJ("data", struct rekor_spec, data, KEG_JSON_REQUIRED, rekor_data, data_rows),
	JSON_OBJ("signature", struct rekor_spec, signature, KEG_JSON_REQUIRED, rekor_signature,
		 signature_rows),
	JSON_END,
};
static const struct keg_json_field body_rows[] = {
	JSON_STR("apiVersion", struct rekor_body, version, KEG_JSON_REQUIRED),
	JSON_STR("kind", struct rekor_body, kind, KEG_JSON_REQUIRED),
	JSON_OBJ("spec", struct rekor_body, spec, KEG_JSON_REQUIRED, rekor_spec, spec_rows),
	JSON_END,
};

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	}
	return true;
}

static int canonical(const struct rekor_entry *entry, struct keg_buf *out, struct keg_err *err)
{
	if (!is_plain(entry->body) || !is_plain(entry->log_id) || entry->time < 0 ||
	    entry->time > EXACT_MAX || entry->index < 0 || entry->index > EXACT_MAX)
		return keg_fail(err, KEG_EDENIED, "canonicalizing Rekor SET JSON: out of range");
	keg_buf_printf(out,
		       "{\"body\":\"%s\",\"integratedTime\":%lld,\"logID\":\"%s\","
		       "\"logIndex\":%lld}",
		       entry->body, (long long)entry->time, entry->log_id, (long long)entry->index);
	return 0;
}

static int check_timestamp(EVP_PKEY *const *keys, size_t n, const struct rekor_set *set,
			   struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autofree void *bytes = NULL;
	size_t len = 0;
	struct keg_err ignored;

	int r = keg_unbase64(set->timestamp, &bytes, &len, err);
	if (r >= 0)
		r = canonical(set->entry, &text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (sigstore_key_verify(keys[i], &text, bytes, len, &ignored) >= 0)
			return 0;
	}
	return keg_fail(err, KEG_EDENIED,
			"cryptographic signature verification of Rekor SET failed");
}

/* What is within the one PEM block of a text. */
static int pem_bytes(const char *text, size_t text_len, struct keg_buf *out, struct keg_err *err)
{
	autoptr(bio_st) from = BIO_new_mem_buf(text, (int)text_len);
	char *name = NULL, *header = NULL, *next = NULL, *next_header = NULL;
	unsigned char *bytes = NULL, *more = NULL;
	long len = 0, more_len = 0;
	bool one = from && PEM_read_bio(from, &name, &header, &bytes, &len) == 1;
	bool two = one && PEM_read_bio(from, &next, &next_header, &more, &more_len) == 1;

	if (one)
		keg_buf_add(out, bytes, (size_t)len);
	OPENSSL_free(name);
	OPENSSL_free(next);
	OPENSSL_free(header);
	OPENSSL_free(next_header);
	OPENSSL_free(bytes);
	OPENSSL_free(more);
	ERR_clear_error();
	return one && !two ? 0
			   : keg_fail(err, KEG_EDENIED,
				      "publicKey in Rekor SET is not in PEM "
				      "format, or more than one");
}

static bool same(const struct keg_buf *a, const struct keg_buf *b)
{
	return a->len == b->len && memcmp(keg_buf_text(a), keg_buf_text(b), a->len) == 0;
}

static int check_key(const struct rekor_spec *spec, const char *pem, struct keg_err *err)
{
	autofree void *text = NULL;
	size_t len = 0;
	auto(keg_buf) theirs = { 0 }, ours = { 0 };

	int r = keg_unbase64(spec->signature->key->content, &text, &len, err);
	if (r >= 0)
		r = pem_bytes(text, len, &theirs, err);
	if (r >= 0)
		r = pem_bytes(pem, strlen(pem), &ours, err);
	if (r < 0)
		return r;
	return same(&theirs, &ours)
		       ? 0
		       : keg_fail(err, KEG_EDENIED, "publicKey in Rekor SET does not match");
}

static int check_entry(const struct rekor_body *body, const struct rekor_claim *claim,
		       struct keg_err *err)
{
	const struct rekor_spec *spec = body->spec;
	char hex[KEG_SHA256_HEX + 1];

	if (!keg_str_eq(body->kind, KIND) || !keg_str_eq(body->version, API_VERSION))
		return keg_fail(err, KEG_EDENIED, "unsupported Rekor SET Payload %s version %s",
				body->kind, body->version);
	int r = check_key(spec, claim->pem, err);
	if (r < 0)
		return r;
	if (!keg_str_eq(spec->signature->content, claim->signature))
		return keg_fail(err, KEG_EDENIED, "signature in Rekor SET does not match");
	keg_sha256_hex(keg_buf_text(claim->payload), claim->payload->len, hex);
	if (!keg_str_eq(spec->data->hash->algorithm, "sha256") ||
	    !keg_str_eq(spec->data->hash->value, hex))
		return keg_fail(err, KEG_EDENIED, "payload in Rekor SET does not match");
	return 0;
}

static int check_body(const char *base64, const struct rekor_claim *claim, struct keg_arena *arena,
		      struct keg_err *err)
{
	autofree void *text = NULL;
	size_t len = 0;
	autojson root = NULL;
	struct rekor_body body = { 0 };

	int r = keg_unbase64(base64, &text, &len, err);
	if (r >= 0)
		r = keg_json_parse_strict(text ? text : "", len, &root, err);
	if (r >= 0)
		r = keg_json_decode(root, body_rows, &body, arena, err);
	if (r < 0)
		return keg_wrap(err, "decoding the body of a Rekor SET payload");
	return check_entry(&body, claim, err);
}

int sigstore_rekor_check(EVP_PKEY *const *keys, size_t n, const char *set,
			 const struct rekor_claim *claim, int64_t *when, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	autojson root = NULL;
	struct rekor_set parsed = { 0 };

	int r = keg_json_parse_strict(set, strlen(set), &root, err);
	if (r >= 0)
		r = keg_json_decode_strict(root, set_rows, &parsed, &arena, err);
	if (r < 0)
		return keg_wrap(err, "Rekor SET");
	r = check_timestamp(keys, n, &parsed, err);
	if (r >= 0)
		r = check_body(parsed.entry->body, claim, &arena, err);
	if (r >= 0)
		*when = parsed.entry->time;
	return r;
}
