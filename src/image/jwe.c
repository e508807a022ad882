/* SPDX-License-Identifier: Apache-2.0 */
#include "image/jwe.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/base64url.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strv.h"

#define PROTECTED_ONE "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}"
#define PROTECTED_SEVERAL "{\"enc\":\"A256GCM\"}"

enum { KEY_MOST = 32, IV_LEN = 12, TAG_LEN = 16, JWE_MOST = 1 << 20 };

KEG_AUTOPTR(evp_pkey_ctx_st, EVP_PKEY_CTX_free)
KEG_AUTOPTR(evp_cipher_ctx_st, EVP_CIPHER_CTX_free)

/* Of the message; each is the decoded form. */
struct message {
	const char *protected_text;
	struct keg_buf iv, ciphertext, tag;
	const EVP_CIPHER *cipher;
};

static void message_done(struct message *m)
{
	keg_buf_done(&m->iv);
	keg_buf_done(&m->ciphertext);
	keg_buf_done(&m->tag);
}
KEG_AUTO(message, message_done)

static const struct content_cipher {
	const char *name;
	const EVP_CIPHER *(*get)(void);
} ciphers[] = {
	{ "A256GCM", EVP_aes_256_gcm },
	{ "A192GCM", EVP_aes_192_gcm },
	{ "A128GCM", EVP_aes_128_gcm },
};

static int failed(struct keg_err *err)
{
	return keg_fail(err, KEG_ESYSTEM, "encrypt: libcrypto failed");
}

/* `oaep`: its hash. */
static EVP_PKEY_CTX *wrapping(EVP_PKEY *key, const EVP_MD *oaep, bool seal)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	if (ctx && (seal ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, oaep) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, oaep) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static int wrap_key(EVP_PKEY *key, const unsigned char *content_key, char **out,
		    struct keg_err *err)
{
	autoptr(evp_pkey_ctx_st) ctx = wrapping(key, EVP_sha1(), true);
	size_t len = (size_t)EVP_PKEY_get_size(key);
	autofree unsigned char *wrapped = keg_alloc(len + 1, 1);

	if (!ctx || EVP_PKEY_encrypt(ctx, wrapped, &len, content_key, KEY_MOST) != 1)
		return failed(err);
	*out = keg_base64url(wrapped, len);
	return 0;
}

static int encrypt(const unsigned char *key, const unsigned char *iv, const char *aad,
		   const void *plain, size_t len, unsigned char *out, unsigned char *tag)
{
	autoptr(evp_cipher_ctx_st) ctx = EVP_CIPHER_CTX_new();
	int n;

	return ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)aad, (int)strlen(aad)) ==
		       1 &&
	       EVP_EncryptUpdate(ctx, out, &n, plain, (int)len) == 1 &&
	       EVP_EncryptFinal_ex(ctx, out + n, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1;
}

/* {"encrypted_key": ...} for one key, a list of recipients for several. */
static int add_recipients(const struct crypt_keys *keys, const unsigned char *content_key,
			  struct json_object *root, struct keg_err *err)
{
	struct json_object *list = keys->n > 1 ? json_object_new_array() : NULL;

	if (list)
		json_object_object_add(root, "recipients", list);
	for (size_t i = 0; i < keys->n; i++) {
		autofree char *wrapped = NULL;
		int r = wrap_key(keys->v[i], content_key, &wrapped, err);

		if (r < 0)
			return r;
		struct json_object *to = list ? json_object_new_object() : root;
		if (list) {
			struct json_object *header = json_object_new_object();

			keg_json_put_str(header, "alg", "RSA-OAEP");
			json_object_object_add(to, "header", header);
			json_object_array_add(list, to);
		}
		keg_json_put_str(to, "encrypted_key", wrapped);
	}
	return 0;
}

static void put_bytes(struct json_object *root, const char *name, const void *bytes, size_t len)
{
	autofree char *text = keg_base64url(bytes, len);

	keg_json_put_str(root, name, text);
}

int jwe_seal(const struct crypt_keys *keys, const void *plain, size_t len, struct keg_buf *out,
	     struct keg_err *err)
{
	const char *header = keys->n > 1 ? PROTECTED_SEVERAL : PROTECTED_ONE;
	unsigned char key[KEY_MOST], iv[IV_LEN], tag[TAG_LEN];
	autofree unsigned char *sealed = keg_alloc(len + TAG_LEN, 1);
	autofree char *aad = keg_base64url(header, strlen(header));
	autojson root = json_object_new_object();

	if (RAND_priv_bytes(key, sizeof key) != 1 || RAND_bytes(iv, sizeof iv) != 1 ||
	    !encrypt(key, iv, aad, plain, len, sealed, tag))
		return failed(err);
	keg_json_put_str(root, "protected", aad);
	int r = add_recipients(keys, key, root, err);
	OPENSSL_cleanse(key, sizeof key);
	if (r < 0)
		return r;
	put_bytes(root, "iv", iv, sizeof iv);
	put_bytes(root, "ciphertext", sealed, len);
	put_bytes(root, "tag", tag, sizeof tag);
	keg_json_print(root, out);
	return 0;
}

static int take_bytes(struct json_object *root, const char *name, struct keg_buf *out,
		      struct keg_err *err)
{
	autofree void *bytes = NULL;
	size_t n = 0;

	int r = keg_unbase64url(keg_json_str(root, name, ""), &bytes, &n, err);
	if (r < 0)
		return keg_fail(err, KEG_ECORRUPT, "%s is no base64", name);
	keg_buf_add(out, n ? bytes : "", n);
	return 0;
}

static int take_header(struct json_object *root, struct json_object **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = take_bytes(root, "protected", &text, err);

	return r < 0 ? r : keg_json_parse(keg_buf_text(&text), text.len, out, err);
}

static int take_message(struct json_object *root, struct json_object *header, struct message *out,
			struct keg_err *err)
{
	const char *enc = keg_json_str(header, "enc", "");

	for (size_t i = 0; i < KEG_COUNT(ciphers); i++) {
		if (keg_str_eq(enc, ciphers[i].name))
			out->cipher = ciphers[i].get();
	}
	if (!out->cipher)
		return keg_fail(err, KEG_EUNSUPPORTED, "content encryption \"%.40s\" is not built",
				enc);
	if (keg_json_get(header, "zip") || keg_json_get(header, "crit"))
		return keg_fail(err, KEG_EUNSUPPORTED, "its header asks for what is not built");
	out->protected_text = keg_json_str(root, "protected", "");
	int r = take_bytes(root, "iv", &out->iv, err);
	if (r >= 0)
		r = take_bytes(root, "ciphertext", &out->ciphertext, err);
	if (r >= 0)
		r = take_bytes(root, "tag", &out->tag, err);
	if (r < 0)
		return r;
	if (out->iv.len != IV_LEN || out->tag.len != TAG_LEN)
		return keg_fail(err, KEG_ECORRUPT, "iv or tag of a wrong length");
	return 0;
}

static bool decrypt(const struct message *m, const unsigned char *key, struct keg_buf *plain)
{
	autoptr(evp_cipher_ctx_st) ctx = EVP_CIPHER_CTX_new();
	const unsigned char *aad = (const unsigned char *)m->protected_text;
	auto(keg_buf) out = { 0 };
	unsigned char *to =
		(unsigned char *)keg_buf_reserve(&out, m->ciphertext.len + EVP_MAX_BLOCK_LENGTH);
	int n = 0, last = 0;

	if (!ctx ||
	    EVP_DecryptInit_ex(ctx, m->cipher, NULL, key, (const unsigned char *)m->iv.data) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)strlen(m->protected_text)) != 1 ||
	    EVP_DecryptUpdate(ctx, to, &n, (const unsigned char *)m->ciphertext.data,
			      (int)m->ciphertext.len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, m->tag.data) != 1 ||
	    EVP_DecryptFinal_ex(ctx, to + n, &last) != 1)
		return false;
	keg_buf_add(plain, to, (size_t)n + (size_t)last);
	return true;
}

/* 1 opened, 0 it is not for this key. */
static int try_key(const struct message *m, EVP_PKEY *key, const EVP_MD *oaep,
		   const struct keg_buf *wrapped, struct keg_buf *plain)
{
	autoptr(evp_pkey_ctx_st) ctx = wrapping(key, oaep, false);
	size_t len = (size_t)EVP_PKEY_get_size(key);
	autofree unsigned char *content_key = keg_alloc(len + 1, 1);

	if (!ctx || EVP_PKEY_decrypt(ctx, content_key, &len, (const unsigned char *)wrapped->data,
				     wrapped->len) != 1)
		return 0;
	int opened = len == (size_t)EVP_CIPHER_get_key_length(m->cipher) &&
		     decrypt(m, content_key, plain);
	OPENSSL_cleanse(content_key, len);
	return opened;
}

static int try_recipient(const struct crypt_keys *keys, const struct message *m, const char *alg,
			 struct json_object *recipient, struct keg_buf *plain, struct keg_err *err)
{
	const EVP_MD *oaep = keg_str_eq(alg, "RSA-OAEP")       ? EVP_sha1()
			     : keg_str_eq(alg, "RSA-OAEP-256") ? EVP_sha256()
							       : NULL;
	auto(keg_buf) wrapped = { 0 };

	if (!oaep)
		return keg_fail(err, KEG_EUNSUPPORTED, "key encryption \"%.40s\" is not built",
				alg ? alg : "");
	int r = take_bytes(recipient, "encrypted_key", &wrapped, err);
	for (size_t i = 0; i < keys->n && r == 0; i++)
		r = try_key(m, keys->v[i], oaep, &wrapped, plain);
	return r;
}

static int try_all(const struct crypt_keys *keys, const struct message *m, struct json_object *root,
		   struct json_object *header, struct keg_buf *plain, struct keg_err *err)
{
	struct json_object *list = keg_json_get(root, "recipients");
	const char *alg = keg_json_str(header, "alg", NULL);

	if (!list || !json_object_is_type(list, json_type_array))
		return try_recipient(keys, m, alg, root, plain, err);

	int r = 0;
	for (size_t i = 0; i < json_object_array_length(list) && r <= 0; i++) {
		struct json_object *to = json_object_array_get_idx(list, i);
		const char *own = keg_json_str(keg_json_get(to, "header"), "alg", alg);

		r = try_recipient(keys, m, own, to, plain, err);
	}
	return r;
}

int jwe_open(const struct crypt_keys *keys, const char *text, size_t len, struct keg_buf *plain,
	     struct keg_err *err)
{
	autojson root = NULL;
	autojson header = NULL;
	auto(message) m = { 0 };

	if (len > JWE_MOST)
		return keg_fail(err, KEG_ECORRUPT, "wrapped key of %zu bytes is too long", len);
	int r = keg_json_parse(text, len, &root, err);
	if (r >= 0)
		r = take_header(root, &header, err);
	if (r >= 0)
		r = take_message(root, header, &m, err);
	if (r >= 0)
		r = try_all(keys, &m, root, header, plain, err);
	if (r < 0)
		return keg_wrap(err, "JWE");
	if (r == 0)
		return keg_fail(err, KEG_EAUTH,
				"JWE: No suitable private key found for decryption");
	return 0;
}
