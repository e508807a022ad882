/* SPDX-License-Identifier: Apache-2.0 */
#include "image/crypt_keys.h"

#include <fcntl.h>
#include <openssl/decoder.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "image/libcrypto.h"

enum { KEY_FILE_MOST = 1 << 20, PASSWORD_MOST = 4096 };

KEG_AUTOPTR(ossl_decoder_ctx_st, OSSL_DECODER_CTX_free)

void crypt_keys_done(struct crypt_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		EVP_PKEY_free(keys->v[i]);
	free(keys->v);
	*keys = (struct crypt_keys){ 0 };
}

/* PEM or DER, as the bytes say. NULL: it is no such key, or the password is wrong. */
static EVP_PKEY *decode(const struct keg_buf *bytes, int selection, const struct keg_buf *password)
{
	EVP_PKEY *key = NULL;
	autoptr(ossl_decoder_ctx_st) ctx =
		OSSL_DECODER_CTX_new_for_pkey(&key, NULL, NULL, NULL, selection, NULL, NULL);
	autoptr(bio_st) from = BIO_new_mem_buf(bytes->data, (int)bytes->len);

	if (!ctx || !from)
		keg_out_of_memory();
	/* Without one libcrypto would ask on the terminal. */
	if (OSSL_DECODER_CTX_set_passphrase(ctx, (const unsigned char *)keg_buf_text(password),
					    password->len) != 1 ||
	    OSSL_DECODER_from_bio(ctx, from) != 1)
		return NULL;
	return key;
}

static void add(struct crypt_keys *keys, EVP_PKEY *key)
{
	keys->v = keg_realloc(keys->v, keys->n + 1, sizeof(EVP_PKEY *));
	keys->v[keys->n++] = key;
}

static int check_kind(const EVP_PKEY *key, const char *path, struct keg_err *err)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return 0;
	return keg_fail(err, KEG_EUNSUPPORTED, "%s: keys of type %s are not built, only RSA", path,
			EVP_PKEY_get0_type_name(key));
}

static int read_key(const char *path, struct keg_buf *out, struct keg_err *err)
{
	int r = keg_file_read(AT_FDCWD, path, KEY_FILE_MOST, out, err);

	return r < 0 ? keg_wrap(err, "Unable to read file") : r;
}

int crypt_keys_add_public(struct crypt_keys *keys, const char *spec, struct keg_err *err)
{
	static const char *const others[] = { "pgp:", "pkcs7:", "pkcs11:", "provider:" };
	const struct keg_buf none = { 0 };
	const char *path = keg_str_after(spec, "jwe:");
	auto(keg_buf) bytes = { 0 };

	for (size_t i = 0; i < KEG_COUNT(others); i++) {
		if (keg_str_starts(spec, others[i]))
			return keg_fail(err, KEG_EUNSUPPORTED,
					"Invalid encryption keys: protocol \"%.*s\" is not built, "
					"only jwe",
					(int)strlen(others[i]) - 1, others[i]);
	}
	if (!path)
		return keg_fail(err, KEG_EUSAGE,
				"Invalid encryption keys: Invalid recipient format: \"%s\" is not "
				"jwe:FILE",
				spec);
	int r = read_key(path, &bytes, err);
	if (r < 0)
		return keg_wrap(err, "Invalid encryption keys");
	EVP_PKEY *key = decode(&bytes, EVP_PKEY_PUBLIC_KEY, &none);
	if (!key)
		return keg_fail(err, KEG_EUSAGE,
				"Invalid encryption keys: File provided is not a public key: %s",
				path);
	add(keys, key);
	return check_kind(key, path, err);
}

static int read_descriptor(const char *text, struct keg_buf *out, struct keg_err *err)
{
	char bytes[PASSWORD_MOST];
	int fd;

	int r = keg_parse_int(text, &fd, err);
	if (r < 0)
		return keg_wrap(err, "could not parse file descriptor");
	ssize_t n = read(fd, bytes, sizeof bytes);
	if (n < 0)
		return keg_fail_sys(err, errno, "could not read from file descriptor %d", fd);
	keg_buf_add(out, bytes, (size_t)n);
	return 0;
}

static int take_password(const char *text, struct keg_buf *out, struct keg_err *err)
{
	const char *rest;

	if ((rest = keg_str_after(text, "file=")))
		return keg_file_read(AT_FDCWD, rest, PASSWORD_MOST, out, err);
	if ((rest = keg_str_after(text, "fd=")))
		return read_descriptor(rest, out, err);
	rest = keg_str_after(text, "pass=");
	keg_buf_puts(out, rest ? rest : text);
	return 0;
}

int crypt_keys_add_private(struct crypt_keys *keys, const char *spec, struct keg_err *err)
{
	size_t len = strcspn(spec, ":");
	autofree char *path = keg_strndup(spec, len);
	auto(keg_buf) bytes = { 0 }, password = { 0 };

	if (keg_str_starts(spec, "provider:"))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"Invalid decryption keys: protocol \"provider\" is not built");
	int r = spec[len] ? take_password(spec + len + 1, &password, err) : 0;
	if (r >= 0)
		r = read_key(path, &bytes, err);
	if (r < 0)
		return keg_wrap(err, "Invalid decryption keys");
	EVP_PKEY *key = decode(&bytes, EVP_PKEY_KEYPAIR, &password);
	OPENSSL_cleanse(bytes.data, bytes.len);
	if (!key)
		return keg_fail(err, KEG_EUSAGE,
				"Invalid decryption keys: %s is no private key, or its password is "
				"another",
				path);
	add(keys, key);
	return check_kind(key, path, err);
}
