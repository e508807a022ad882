/* SPDX-License-Identifier: Apache-2.0 */
#include "image/crypt_layer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "image/jwe.h"

#define KEYS_JWE CRYPT_ANNOTATIONS "keys.jwe"
#define PUBLIC_OPTIONS CRYPT_ANNOTATIONS "pubopts"
#define CIPHER "AES_256_CTR_HMAC_SHA256"

enum { WRAPPED_MOST = 1 << 20 };

KEG_AUTOPTR(evp_mac_st, EVP_MAC_free)

bool crypt_media_is_encrypted(const char *media_type)
{
	return media_type && keg_str_ends(media_type, CRYPT_MEDIA_SUFFIX);
}

static int failed(struct keg_err *err)
{
	return keg_fail(err, KEG_ESYSTEM, "encrypt a layer: libcrypto failed");
}

int crypt_layer_new(struct crypt_layer *layer, struct keg_err *err)
{
	*layer = (struct crypt_layer){ 0 };
	if (RAND_priv_bytes(layer->key, sizeof layer->key) != 1 ||
	    RAND_bytes(layer->nonce, sizeof layer->nonce) != 1)
		return failed(err);
	return 0;
}

static const char *annotation(const struct keg_pair *annotations, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (keg_str_eq(annotations[i].key, name))
			return annotations[i].value;
	}
	return NULL;
}

/* Exactly `len` bytes. */
static int take_bytes(struct json_object *root, const char *name, unsigned char *out, size_t len,
		      struct keg_err *err)
{
	struct keg_err ignored;
	autofree void *bytes = NULL;
	size_t n = 0;

	if (keg_unbase64(keg_json_str(root, name, ""), &bytes, &n, &ignored) < 0 || n != len)
		return keg_fail(err, KEG_ECORRUPT, "%s: not %zu bytes", name, len);
	memcpy(out, bytes, len);
	OPENSSL_cleanse(bytes, n);
	return 0;
}

/* {"cipher", "hmac", "cipheroptions"}, for everybody to read. */
static int take_public(const char *text, struct crypt_layer *out, struct json_object **root,
		       struct keg_err *err)
{
	autofree void *bytes = NULL;
	size_t n = 0;

	int r = keg_unbase64(text ? text : "", &bytes, &n, err);
	if (r >= 0)
		r = keg_json_parse(bytes ? bytes : "", n, root, err);
	if (r < 0)
		return keg_fail(err, KEG_ECORRUPT, "annotation " PUBLIC_OPTIONS " is malformed");
	const char *cipher = keg_json_str(*root, "cipher", "");
	if (!keg_str_eq(cipher, CIPHER))
		return keg_fail(err, KEG_EUNSUPPORTED, "unsupported cipher type: %.60s", cipher);
	return take_bytes(*root, "hmac", out->hmac, sizeof out->hmac, err);
}

/* {"symkey", "digest", "cipheroptions": {"nonce"}}, which was wrapped; the nonce may be public. */
static int take_private(const struct keg_buf *text, struct json_object *public,
			struct crypt_layer *out, struct keg_err *err)
{
	autojson root = NULL;

	int r = keg_json_parse(keg_buf_text(text), text->len, &root, err);
	if (r >= 0)
		r = take_bytes(root, "symkey", out->key, sizeof out->key, err);
	if (r < 0)
		return r;
	struct json_object *options = keg_json_get(public, "cipheroptions");
	if (!keg_json_get(options, "nonce"))
		options = keg_json_get(root, "cipheroptions");
	return take_bytes(options, "nonce", out->nonce, sizeof out->nonce, err);
}

/* One of several, separated by commas, each wrapped for other readers. */
static int open_wrapped(const char *list, const struct crypt_keys *keys, struct keg_buf *plain,
			struct keg_err *err)
{
	auto(keg_strv) each = { 0 };
	int r = -KEG_EAUTH;

	keg_strv_split(&each, list, ',');
	for (size_t i = 0; i < each.n && r < 0; i++) {
		autofree void *text = NULL;
		size_t n = 0;

		r = keg_unbase64(each.v[i], &text, &n, err);
		if (r < 0)
			return keg_fail(err, KEG_ECORRUPT,
					"could not base64 decode the annotation " KEYS_JWE);
		r = jwe_open(keys, text ? text : "", n, plain, err);
	}
	return r;
}

int crypt_layer_unwrap(const struct keg_pair *annotations, size_t n, const struct crypt_keys *keys,
		       struct crypt_layer *out, struct keg_err *err)
{
	const char *wrapped = annotation(annotations, n, KEYS_JWE);
	const char *options = annotation(annotations, n, PUBLIC_OPTIONS);
	struct crypt_layer layer = { 0 };
	auto(keg_buf) plain = { 0 };
	autojson public = NULL;

	if (keg_str_empty(wrapped))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"no key for it is wrapped by JWE, the only protocol built");
	if (strlen(wrapped) > WRAPPED_MOST)
		return keg_fail(err, KEG_ECORRUPT, "annotation " KEYS_JWE " is too long");
	int r = take_public(options, &layer, &public, err);
	if (r >= 0)
		r = open_wrapped(wrapped, keys, &plain, err);
	if (r >= 0)
		r = take_private(&plain, public, &layer, err);
	if (plain.len > 0)
		OPENSSL_cleanse(plain.data, plain.len);
	if (r < 0)
		return r;
	*out = layer;
	return 0;
}

struct crypt_stream {
	struct stream_in stage; /* first: the stage is this struct */
	struct stream_in *from;
	struct crypt_layer *layer;
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	bool encrypts, ended;
};

/* The sum of all that passed in encrypted form: to be kept, or as it was kept. */
static int end_stream(struct crypt_stream *s, struct keg_err *err)
{
	unsigned char sum[sizeof s->layer->hmac];
	size_t len = sizeof sum;

	s->ended = true;
	if (EVP_MAC_final(s->mac, sum, &len, sizeof sum) != 1)
		return failed(err);
	if (s->encrypts) {
		memcpy(s->layer->hmac, sum, sizeof sum);
		s->layer->sealed = true;
		return 0;
	}
	if (CRYPTO_memcmp(sum, s->layer->hmac, sizeof sum) != 0)
		return keg_fail(err, KEG_ECORRUPT,
				"could not properly decrypt byte stream: its HMAC is another");
	return 0;
}

static ssize_t crypt_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct crypt_stream *s = (struct crypt_stream *)in;
	unsigned char *at = bytes;
	int n = 0;

	if (s->ended)
		return 0;
	ssize_t got = s->from->read(s->from, bytes, room < (1U << 20) ? room : 1U << 20, err);
	if (got < 0)
		return got;
	if (got == 0)
		return end_stream(s, err);
	if (!s->encrypts && EVP_MAC_update(s->mac, at, (size_t)got) != 1)
		return failed(err);
	if (EVP_CipherUpdate(s->cipher, at, &n, at, (int)got) != 1 || n != got)
		return failed(err);
	if (s->encrypts && EVP_MAC_update(s->mac, at, (size_t)got) != 1)
		return failed(err);
	return got;
}

static void crypt_close(struct stream_in *in)
{
	struct crypt_stream *s = (struct crypt_stream *)in;

	EVP_CIPHER_CTX_free(s->cipher);
	EVP_MAC_CTX_free(s->mac);
	stream_in_close(s->from);
	free(s);
}

static EVP_MAC_CTX *new_hmac(const struct crypt_layer *layer)
{
	char hash[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0),
		OSSL_PARAM_construct_end(),
	};
	autoptr(evp_mac_st) hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	if (ctx && EVP_MAC_init(ctx, layer->key, sizeof layer->key, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static int open_stream(struct crypt_layer *layer, struct stream_in *from, bool encrypts,
		       struct stream_in **out, struct keg_err *err)
{
	struct crypt_stream *s = keg_alloc(1, sizeof *s);

	s->stage = (struct stream_in){ .read = crypt_read, .close = crypt_close };
	s->layer = layer;
	s->encrypts = encrypts;
	s->cipher = EVP_CIPHER_CTX_new();
	s->mac = new_hmac(layer);
	if (!s->cipher || !s->mac ||
	    EVP_CipherInit_ex(s->cipher, EVP_aes_256_ctr(), NULL, layer->key, layer->nonce,
			      encrypts) != 1) {
		crypt_close(&s->stage);
		return failed(err);
	}
	s->from = from;
	*out = &s->stage;
	return 0;
}

int crypt_layer_encrypt(struct crypt_layer *layer, struct stream_in *from, struct stream_in **out,
			struct keg_err *err)
{
	return open_stream(layer, from, true, out, err);
}

int crypt_layer_decrypt(struct crypt_layer *layer, struct stream_in *from, struct stream_in **out,
			struct keg_err *err)
{
	return open_stream(layer, from, false, out, err);
}

size_t crypt_plain_annotations(const struct keg_pair *had, size_t n, struct keg_arena *arena,
			       struct keg_pair **out)
{
	size_t kept = 0;

	*out = keg_arena_alloc(arena, n + 2, sizeof **out); /* and room for ours */
	for (size_t i = 0; i < n; i++) {
		if (!keg_str_starts(had[i].key, CRYPT_ANNOTATIONS))
			(*out)[kept++] = had[i];
	}
	return kept;
}

static void put_base64(struct json_object *root, const char *name, const void *bytes, size_t len)
{
	autofree char *text = keg_base64(bytes, len);

	keg_json_put_str(root, name, text);
}

static void print_private(const struct crypt_layer *layer, const char *digest, struct keg_buf *out)
{
	autojson root = json_object_new_object();
	struct json_object *options = json_object_new_object();

	put_base64(root, "symkey", layer->key, sizeof layer->key);
	keg_json_put_str(root, "digest", digest);
	put_base64(options, "nonce", layer->nonce, sizeof layer->nonce);
	json_object_object_add(root, "cipheroptions", options);
	keg_json_print(root, out);
}

static void print_public(const struct crypt_layer *layer, struct keg_buf *out)
{
	autojson root = json_object_new_object();

	keg_json_put_str(root, "cipher", CIPHER);
	put_base64(root, "hmac", layer->hmac, sizeof layer->hmac);
	json_object_object_add(root, "cipheroptions", json_object_new_object());
	keg_json_print(root, out);
}

static struct keg_pair pair(const char *name, const struct keg_buf *value, struct keg_arena *arena)
{
	autofree char *text = keg_base64(value->data, value->len);

	return (struct keg_pair){ name, keg_arena_strdup(arena, text) };
}

int crypt_layer_annotations(const struct crypt_layer *layer, const struct crypt_keys *keys,
			    const char *digest, const struct keg_pair *had, size_t n_had,
			    struct keg_arena *arena, struct keg_pair **out, size_t *n_out,
			    struct keg_err *err)
{
	auto(keg_buf) secret = { 0 }, wrapped = { 0 }, options = { 0 };

	if (!layer->sealed)
		keg_bug("a layer that was not encrypted to its end");
	print_private(layer, digest, &secret);
	int r = jwe_seal(keys, secret.data, secret.len, &wrapped, err);
	OPENSSL_cleanse(secret.data, secret.len);
	if (r < 0)
		return r;
	print_public(layer, &options);
	size_t n = crypt_plain_annotations(had, n_had, arena, out);
	(*out)[n++] = pair(KEYS_JWE, &wrapped, arena);
	(*out)[n++] = pair(PUBLIC_OPTIONS, &options, arena);
	*n_out = n;
	return 0;
}
