/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sigstore_key.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/strv.h"
#include "image/libcrypto.h"
#include "image/sigstore_box.h"

#define SECRET_TYPE "ENCRYPTED SIGSTORE PRIVATE KEY"
#define COSIGN_TYPE "ENCRYPTED COSIGN PRIVATE KEY" /* what it was called before */

enum { KEY_FILE_MAX = 1 << 20 };

/* What OpenSSL says last; its queue is empty afterwards. */
static int openssl_fail(struct keg_err *err, enum keg_code code, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return keg_fail(err, code, "%s: %s", what, why ? why : "failed");
}

static void take_bio(BIO *bio, struct keg_buf *out)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	if (len > 0)
		keg_buf_add(out, text, (size_t)len);
}

/* The secret key as PKCS #8, in a box, in PEM. */
static int write_secret(EVP_PKEY *key, const char *passphrase, struct keg_buf *out,
			struct keg_err *err)
{
	autoptr(bio_st) der = BIO_new(BIO_s_mem());
	autoptr(bio_st) pem = BIO_new(BIO_s_mem());
	auto(keg_buf) plain = { 0 }, box = { 0 };

	if (!der || !pem || i2d_PKCS8PrivateKeyInfo_bio(der, key) != 1)
		return openssl_fail(err, KEG_ESYSTEM, "encode a private key");
	take_bio(der, &plain);
	int r = sigstore_box_seal(passphrase, &plain, &box, err);
	OPENSSL_cleanse(plain.data, plain.len);
	if (r < 0)
		return r;
	if (PEM_write_bio(pem, SECRET_TYPE, "", (const unsigned char *)box.data, (long)box.len) <=
	    0)
		return openssl_fail(err, KEG_ESYSTEM, "encode a private key");
	take_bio(pem, out);
	return 0;
}

int sigstore_key_pem(EVP_PKEY *key, struct keg_buf *out, struct keg_err *err)
{
	autoptr(bio_st) pem = BIO_new(BIO_s_mem());

	if (!pem || PEM_write_bio_PUBKEY(pem, key) != 1)
		return openssl_fail(err, KEG_ESYSTEM, "encode a public key");
	take_bio(pem, out);
	return 0;
}

int sigstore_key_generate(const char *passphrase, struct keg_buf *public_pem,
			  struct keg_buf *secret_pem, struct keg_err *err)
{
	autoptr(evp_pkey_st) key = EVP_EC_gen("P-256");

	if (!key)
		return openssl_fail(err, KEG_ESYSTEM, "make a key");
	int r = sigstore_key_pem(key, public_pem, err);
	return r < 0 ? r : write_secret(key, passphrase, secret_pem, err);
}

/* The bytes within the first PEM block, which is of a type that we read. */
static int read_pem(const struct keg_buf *text, struct keg_buf *out, struct keg_err *err)
{
	autoptr(bio_st) from = BIO_new_mem_buf(keg_buf_text(text), (int)text->len);
	char *name = NULL, *header = NULL;
	unsigned char *bytes = NULL;
	long len = 0;

	if (!from || PEM_read_bio(from, &name, &header, &bytes, &len) != 1) {
		ERR_clear_error();
		return keg_fail(err, KEG_ECORRUPT, "invalid pem block");
	}
	int r = 0;
	if (!keg_str_eq(name, SECRET_TYPE) && !keg_str_eq(name, COSIGN_TYPE))
		r = keg_fail(err, KEG_ECORRUPT, "unsupported pem type: %s", name);
	else
		keg_buf_add(out, bytes, (size_t)len);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(bytes);
	return r;
}

static bool is_known(const EVP_PKEY *key)
{
	int kind = EVP_PKEY_get_base_id(key);

	return kind == EVP_PKEY_EC || kind == EVP_PKEY_RSA || kind == EVP_PKEY_ED25519;
}

static int take_key(EVP_PKEY *key, EVP_PKEY **out, struct keg_err *err)
{
	if (!key)
		return openssl_fail(err, KEG_ECORRUPT, "parsing key");
	if (!is_known(key)) {
		EVP_PKEY_free(key);
		return keg_fail(err, KEG_EUNSUPPORTED, "unsupported key type");
	}
	*out = key;
	return 0;
}

static int open_secret(const struct keg_buf *text, const char *passphrase, EVP_PKEY **out,
		       struct keg_err *err)
{
	auto(keg_buf) box = { 0 }, plain = { 0 };

	int r = read_pem(text, &box, err);
	if (r >= 0)
		r = sigstore_box_open(passphrase, &box, &plain, err);
	if (r < 0)
		return r;
	const unsigned char *at = (const unsigned char *)plain.data;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)plain.len);
	OPENSSL_cleanse(plain.data, plain.len);
	return take_key(key, out, err);
}

int sigstore_key_read(const char *path, const char *passphrase, EVP_PKEY **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	int r = keg_file_read(AT_FDCWD, path, KEY_FILE_MAX, &text, err);
	if (r < 0)
		return keg_wrap(err, "reading private key from %s", path);
	r = open_secret(&text, passphrase, out, err);
	return r < 0 ? keg_wrap(err, "initializing private key %s", path) : r;
}

int sigstore_key_public(const struct keg_buf *pem, EVP_PKEY **out, struct keg_err *err)
{
	autoptr(bio_st) from = BIO_new_mem_buf(keg_buf_text(pem), (int)pem->len);

	return take_key(from ? PEM_read_bio_PUBKEY(from, NULL, NULL, NULL) : NULL, out, err);
}

/* Ed25519 hashes by itself. */
static const EVP_MD *hash_of(const EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

int sigstore_key_sign(EVP_PKEY *key, const struct keg_buf *text, struct keg_buf *out,
		      struct keg_err *err)
{
	const unsigned char *bytes = (const unsigned char *)keg_buf_text(text);
	autoptr(evp_md_ctx_st) ctx = EVP_MD_CTX_new();
	size_t len = 0;

	if (!ctx || EVP_DigestSignInit(ctx, NULL, hash_of(key), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, NULL, &len, bytes, text->len) != 1)
		return openssl_fail(err, KEG_ESYSTEM, "sign");
	unsigned char *room = (unsigned char *)keg_buf_reserve(out, len);
	if (EVP_DigestSign(ctx, room, &len, bytes, text->len) != 1)
		return openssl_fail(err, KEG_ESYSTEM, "sign");
	out->len += len;
	return 0;
}

int sigstore_key_verify(EVP_PKEY *key, const struct keg_buf *text, const void *signature,
			size_t len, struct keg_err *err)
{
	autoptr(evp_md_ctx_st) ctx = EVP_MD_CTX_new();

	if (ctx && EVP_DigestVerifyInit(ctx, NULL, hash_of(key), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, signature, len, (const unsigned char *)keg_buf_text(text),
			     text->len) == 1)
		return 0;
	ERR_clear_error();
	return keg_fail(err, KEG_EDENIED, "cryptographic signature verification failed");
}
