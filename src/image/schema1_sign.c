/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON web signature (RFC 7515) by ECDSA on P-256, in the form of Docker's libtrust: the
 * protected header says which part of the document was signed, and a key is called by the first
 * 240 bits of its hash.
 */
#include "image/schema1_sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/libcrypto.h"

enum { COORDINATE = 32, KEY_ID_BYTES = 30 };

KEG_AUTOPTR(ECDSA_SIG_st, ECDSA_SIG_free)
KEG_AUTOPTR(bignum_st, BN_free)

static int failed(struct keg_err *err)
{
	return keg_fail(err, KEG_ESYSTEM, "sign the manifest: libcrypto failed");
}

static int coordinate(const EVP_PKEY *key, const char *name, char **out, struct keg_err *err)
{
	autoptr(bignum_st) number = NULL;
	unsigned char bytes[COORDINATE];

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1 ||
	    BN_bn2binpad(number, bytes, sizeof bytes) < 0)
		return failed(err);
	*out = keg_base64url(bytes, sizeof bytes);
	return 0;
}

/* Base32 (RFC 4648) in groups of four. */
static void print_key_id(const unsigned char *bytes, struct keg_buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned bits = 0, have = 0, n = 0;

	for (size_t i = 0; i < KEY_ID_BYTES; i++) {
		bits = (bits << 8 | bytes[i]) & 0xffff;
		for (have += 8; have >= 5; have -= 5) {
			keg_buf_printf(out, "%s%c", n && n % 4 == 0 ? ":" : "",
				       digits[bits >> (have - 5) & 31]);
			n++;
		}
	}
}

static int key_id(const EVP_PKEY *key, struct keg_buf *out, struct keg_err *err)
{
	struct keg_sha256 sum;
	unsigned char hash[KEG_SHA256_SIZE];
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	if (len < 0)
		return failed(err);
	keg_sha256_init(&sum);
	keg_sha256_add(&sum, der, (size_t)len);
	keg_sha256_end(&sum, hash);
	OPENSSL_free(der);
	print_key_id(hash, out);
	return 0;
}

/* Both numbers of the signature, one after the other (RFC 7518, 3.4). */
static int sign(EVP_PKEY *key, const struct keg_buf *what, char **out, struct keg_err *err)
{
	autoptr(evp_md_ctx_st) ctx = EVP_MD_CTX_new();
	unsigned char der[128], raw[2 * COORDINATE];
	const unsigned char *at = der;
	size_t len = sizeof der;

	if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, der, &len, (const unsigned char *)what->data, what->len) != 1)
		return failed(err);
	autoptr(ECDSA_SIG_st) numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (!numbers || BN_bn2binpad(ECDSA_SIG_get0_r(numbers), raw, COORDINATE) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(numbers), raw + COORDINATE, COORDINATE) < 0)
		return failed(err);
	*out = keg_base64url(raw, sizeof raw);
	return 0;
}

static char *protected_header(size_t length)
{
	struct timespec now = keg_now();
	autofree char *time = NULL;

	now.tv_nsec = 0;
	time = keg_time_format(now);
	autofree char *text = keg_printf(
		"{\"formatLength\":%zu,\"formatTail\":\"fQ\",\"time\":\"%s\"}", length, time);
	return keg_base64url(text, strlen(text));
}

int schema1_sign(const void *bytes, size_t len, struct keg_buf *out, struct keg_err *err)
{
	autofree char *x = NULL, *y = NULL;
	auto(keg_buf) id = { 0 }, what = { 0 };
	size_t length = len - 1; /* without the brace at the end, which is "fQ" */

	if (len < 2 || ((const char *)bytes)[length] != '}')
		keg_bug("no compact document");
	autoptr(evp_pkey_st) key = EVP_EC_gen("P-256");
	int r = key ? coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, &x, err) : failed(err);
	if (r >= 0)
		r = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y, err);
	if (r >= 0)
		r = key_id(key, &id, err);
	if (r < 0)
		return r;

	autofree char *signature = NULL;
	autofree char *header = protected_header(length);
	autofree char *payload = keg_base64url(bytes, len);
	keg_buf_printf(&what, "%s.%s", header, payload);
	r = sign(key, &what, &signature, err);
	if (r < 0)
		return r;
	keg_buf_add(out, bytes, length);
	keg_buf_printf(out,
		       ",\"signatures\":[{\"header\":{\"jwk\":{\"crv\":\"P-256\",\"kid\":\"%s\","
		       "\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"},\"alg\":\"ES256\"},"
		       "\"signature\":\"%s\",\"protected\":\"%s\"}]}",
		       keg_buf_text(&id), x, y, signature, header);
	return 0;
}
