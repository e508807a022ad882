/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sigstore_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium/crypto_secretbox.h>
#include <string.h>

#include "base/json_strict.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

#define KDF "scrypt"
#define CIPHER "nacl/secretbox"

enum {
	SALT_BYTES = 32,
	COST = 32768, /* which all versions of the readers take */
	COST_MOST = 131072,
	BLOCKS = 8,
	PARALLEL = 1,
};

struct kdf_params {
	int64_t n, r, p;
};
struct kdf {
	const char *name, *salt;
	struct kdf_params *params;
};
struct cipher {
	const char *name, *nonce;
};
struct box {
	struct kdf *kdf;
	struct cipher *cipher;
	const char *ciphertext;
};

static const struct keg_json_field params_rows[] = {
	JSON_I64("N", struct kdf_params, n, KEG_JSON_REQUIRED),
	JSON_I64("r", struct kdf_params, r, KEG_JSON_REQUIRED),
	JSON_I64("p", struct kdf_params, p, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field kdf_rows[] = {
	JSON_STR("name", struct kdf, name, KEG_JSON_REQUIRED),
	JSON_OBJ("params", struct kdf, params, KEG_JSON_REQUIRED, kdf_params, params_rows),
	JSON_STR("salt", struct kdf, salt, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field cipher_rows[] = {
	JSON_STR("name", struct cipher, name, KEG_JSON_REQUIRED),
	JSON_STR("nonce", struct cipher, nonce, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field box_rows[] = {
	JSON_OBJ("kdf", struct box, kdf, KEG_JSON_REQUIRED, kdf, kdf_rows),
	JSON_OBJ("cipher", struct box, cipher, KEG_JSON_REQUIRED, cipher, cipher_rows),
	JSON_STR("ciphertext", struct box, ciphertext, KEG_JSON_REQUIRED),
	JSON_END,
};

static int make_key(const char *passphrase, const void *salt, size_t len, int64_t cost,
		    unsigned char out[crypto_secretbox_KEYBYTES], struct keg_err *err)
{
	/* scrypt's own need (RFC 7914), and what OpenSSL counts beside it. */
	uint64_t most = (uint64_t)cost * BLOCKS * 128 + (1 << 20);

	if (EVP_PBE_scrypt(passphrase, strlen(passphrase), salt, len, (uint64_t)cost, BLOCKS,
			   PARALLEL, most, out, crypto_secretbox_KEYBYTES) == 1)
		return 0;
	return keg_fail(err, KEG_ESYSTEM, "scrypt failed");
}

int sigstore_box_seal(const char *passphrase, const struct keg_buf *plain, struct keg_buf *out,
		      struct keg_err *err)
{
	unsigned char salt[SALT_BYTES], nonce[crypto_secretbox_NONCEBYTES];
	unsigned char key[crypto_secretbox_KEYBYTES];
	autofree unsigned char *sealed = keg_alloc(plain->len + crypto_secretbox_MACBYTES, 1);

	keg_random(salt, sizeof salt);
	keg_random(nonce, sizeof nonce);
	int r = make_key(passphrase, salt, sizeof salt, COST, key, err);
	if (r < 0)
		return r;
	crypto_secretbox_easy(sealed, (const unsigned char *)keg_buf_text(plain), plain->len, nonce,
			      key);
	OPENSSL_cleanse(key, sizeof key);

	autofree char *salt64 = keg_base64(salt, sizeof salt);
	autofree char *nonce64 = keg_base64(nonce, sizeof nonce);
	autofree char *sealed64 = keg_base64(sealed, plain->len + crypto_secretbox_MACBYTES);
	struct kdf_params params = { COST, BLOCKS, PARALLEL };
	struct kdf kdf = { KDF, salt64, &params };
	struct cipher cipher = { CIPHER, nonce64 };
	const struct box box = { &kdf, &cipher, sealed64 };
	autojson root = keg_json_encode(box_rows, &box);
	keg_json_print(root, out);
	return 0;
}

static int check_methods(const struct box *box, struct keg_err *err)
{
	const struct kdf_params *params = box->kdf->params;
	bool power = params->n > 1 && (params->n & (params->n - 1)) == 0;

	if (!keg_str_eq(box->kdf->name, KDF))
		return keg_fail(err, KEG_EUNSUPPORTED, "unknown kdf name \"%s\"", box->kdf->name);
	if (!keg_str_eq(box->cipher->name, CIPHER))
		return keg_fail(err, KEG_EUNSUPPORTED, "unknown cipher name \"%s\"",
				box->cipher->name);
	if (!power || params->n < COST || params->n > COST_MOST || params->r != BLOCKS ||
	    params->p != PARALLEL)
		return keg_fail(err, KEG_EUNSUPPORTED, "unsupported scrypt parameters");
	return 0;
}

static int unseal(const struct box *box, const char *passphrase, struct keg_buf *out,
		  struct keg_err *err)
{
	autofree void *salt = NULL, *nonce = NULL, *sealed = NULL;
	size_t salt_len = 0, nonce_len = 0, len = 0;
	unsigned char key[crypto_secretbox_KEYBYTES];

	int r = keg_unbase64(box->kdf->salt, &salt, &salt_len, err);
	if (r >= 0)
		r = keg_unbase64(box->cipher->nonce, &nonce, &nonce_len, err);
	if (r >= 0)
		r = keg_unbase64(box->ciphertext, &sealed, &len, err);
	if (r >= 0 &&
	    (nonce_len != crypto_secretbox_NONCEBYTES || len <= crypto_secretbox_MACBYTES))
		r = keg_fail(err, KEG_ECORRUPT, "truncated");
	if (r >= 0)
		r = make_key(passphrase, salt, salt_len, box->kdf->params->n, key, err);
	if (r < 0)
		return r;
	size_t plain = len - crypto_secretbox_MACBYTES;
	unsigned char *room = (unsigned char *)keg_buf_reserve(out, plain);
	int bad = crypto_secretbox_open_easy(room, sealed, len, nonce, key);
	OPENSSL_cleanse(key, sizeof key);
	if (bad)
		return keg_fail(err, KEG_EAUTH, "decryption failed: wrong passphrase?");
	out->len += plain;
	return 0;
}

int sigstore_box_open(const char *passphrase, const struct keg_buf *box, struct keg_buf *out,
		      struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	autojson root = NULL;
	struct box parsed = { 0 };

	int r = keg_json_parse_strict(keg_buf_text(box), box->len, &root, err);
	if (r >= 0)
		r = keg_json_decode_strict(root, box_rows, &parsed, &arena, err);
	if (r >= 0)
		r = check_methods(&parsed, err);
	if (r >= 0)
		r = unseal(&parsed, passphrase, out, err);
	return r < 0 ? keg_wrap(err, "decrypt") : r;
}
