/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sigstore_cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "image/libcrypto.h"

/* Fulcio's extensions for who vouches for the identity: a bare text, and a UTF8String. */
#define ISSUER_V1 "1.3.6.1.4.1.57264.1.1"
#define ISSUER_V2 "1.3.6.1.4.1.57264.1.8"

enum { CERTS_MAX = 64 };

struct sigstore_roots {
	X509_STORE *trusted;
	STACK_OF(X509) * between;
};

static void certs_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}
KEG_AUTOPTR(stack_st_X509, certs_free)
KEG_AUTOPTR(stack_st_GENERAL_NAME, GENERAL_NAMES_free)
KEG_AUTOPTR(x509_st, X509_free)
KEG_AUTOPTR(x509_store_ctx_st, X509_STORE_CTX_free)

/* All certificates of a PEM text, appended; how many. */
static int read_certs(const char *text, size_t len, STACK_OF(X509) * out, struct keg_err *err)
{
	autoptr(bio_st) from = BIO_new_mem_buf(text, (int)len);
	int n = 0;

	ERR_clear_error();
	for (X509 *cert;
	     from && n < CERTS_MAX && (cert = PEM_read_bio_X509(from, NULL, NULL, NULL)) != NULL;
	     n++)
		sk_X509_push(out, cert);
	/* Ending because nothing begins any more is the good end. */
	unsigned long why = ERR_peek_last_error();
	bool ended = n > 0 && ERR_GET_LIB(why) == ERR_LIB_PEM &&
		     ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (!ended)
		return keg_fail(err, KEG_EDENIED, "malformed certificates in PEM");
	return n;
}

int sigstore_roots_new(const struct keg_buf *trusted, const struct keg_buf *between,
		       struct sigstore_roots **out, struct keg_err *err)
{
	autoptr(stack_st_X509) certs = sk_X509_new_null();
	autoptr(sigstore_roots) roots = keg_alloc(1, sizeof *roots);

	roots->trusted = X509_STORE_new();
	roots->between = sk_X509_new_null();
	if (!certs || !roots->trusted || !roots->between)
		keg_out_of_memory();
	int r = read_certs(keg_buf_text(trusted), trusted->len, certs, err);
	if (r < 0)
		return keg_wrap(err, "loading CA certificates");
	for (int i = 0; i < sk_X509_num(certs); i++)
		X509_STORE_add_cert(roots->trusted, sk_X509_value(certs, i));
	/* Who names an intermediate authority trusts that one, and not all that is above it. */
	X509_STORE_set_flags(roots->trusted, X509_V_FLAG_PARTIAL_CHAIN);
	if (between)
		r = read_certs(keg_buf_text(between), between->len, roots->between, err);
	if (r < 0)
		return keg_wrap(err, "loading trusted intermediate certificates");
	*out = take_ptr(&roots);
	return 0;
}

void sigstore_roots_free(struct sigstore_roots *roots)
{
	X509_STORE_free(roots->trusted);
	certs_free(roots->between);
	free(roots);
}

/* May every certificate of the chain be used for signing code? One that says nothing may. */
static bool is_for_code(STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		if (!(X509_get_extended_key_usage(sk_X509_value(chain, i)) &
		      (XKU_CODE_SIGN | XKU_ANYEKU)))
			return false;
	}
	return true;
}

static int check_chain(const struct sigstore_roots *roots, X509 *leaf,
		       const struct sigstore_cert_want *want, struct keg_err *err)
{
	autoptr(x509_store_ctx_st) ctx = X509_STORE_CTX_new();
	autoptr(stack_st_X509) others = X509_chain_up_ref(roots->between);

	if (!ctx || !others)
		keg_out_of_memory();
	if (!keg_str_empty(want->chain)) {
		int r = read_certs(want->chain, strlen(want->chain), others, err);
		if (r < 0)
			return keg_wrap(err, "loading certificate chain");
	}
	if (X509_STORE_CTX_init(ctx, roots->trusted, leaf, others) != 1)
		keg_out_of_memory();
	if (want->when)
		X509_STORE_CTX_set_time(ctx, 0, (time_t)want->when);
	if (X509_verify_cert(ctx) != 1) {
		int why = X509_STORE_CTX_get_error(ctx);

		ERR_clear_error();
		return keg_fail(err, KEG_EDENIED, "verifying leaf certificate failed: %s",
				X509_verify_cert_error_string(why));
	}
	if (!is_for_code(X509_STORE_CTX_get0_chain(ctx)))
		return keg_fail(err, KEG_EDENIED,
				"verifying leaf certificate failed: it is not for signing code");
	return 0;
}

/* The value of an extension that may be there once: 1, or 0 without it. Borrowed. */
static int find_extension(X509 *leaf, const char *oid, const ASN1_OCTET_STRING **out,
			  struct keg_err *err)
{
	ASN1_OBJECT *name = OBJ_txt2obj(oid, 1);
	int at = X509_get_ext_by_OBJ(leaf, name, -1);
	int next = at < 0 ? -1 : X509_get_ext_by_OBJ(leaf, name, at);

	ASN1_OBJECT_free(name);
	if (at < 0)
		return 0;
	if (next >= 0)
		return keg_fail(err, KEG_EDENIED,
				"Fulcio certificate has a duplicate OIDC issuer extension");
	*out = X509_EXTENSION_get_data(X509_get_ext(leaf, at));
	return 1;
}

/* The bytes of a UTF8String that is all of the value; appended. */
static int take_utf8(const ASN1_OCTET_STRING *value, struct keg_buf *out, struct keg_err *err)
{
	const unsigned char *from = ASN1_STRING_get0_data(value), *at = from;
	ASN1_UTF8STRING *text = d2i_ASN1_UTF8STRING(NULL, &at, ASN1_STRING_length(value));
	bool whole = text && at == from + ASN1_STRING_length(value);

	if (whole)
		keg_buf_add(out, ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
	ASN1_UTF8STRING_free(text);
	ERR_clear_error();
	return whole ? 0 : keg_fail(err, KEG_EDENIED, "invalid ASN.1 in OIDC issuer v2 extension");
}

static bool is_text(const struct keg_buf *bytes, const char *text)
{
	return bytes->len == strlen(text) && memcmp(keg_buf_text(bytes), text, bytes->len) == 0;
}

static int check_issuer(X509 *leaf, const char *wanted, struct keg_err *err)
{
	const ASN1_OCTET_STRING *one = NULL, *two = NULL;
	auto(keg_buf) first = { 0 }, second = { 0 };

	int has_one = find_extension(leaf, ISSUER_V1, &one, err);
	int has_two = has_one < 0 ? has_one : find_extension(leaf, ISSUER_V2, &two, err);
	if (has_two < 0)
		return has_two;
	if (!one && !two)
		return keg_fail(err, KEG_EDENIED,
				"Fulcio certificate is missing the issuer extension");
	if (one)
		keg_buf_add(&first, ASN1_STRING_get0_data(one), (size_t)ASN1_STRING_length(one));
	int r = two ? take_utf8(two, &second, err) : 0;
	if (r < 0)
		return r;
	if ((one && !is_text(&first, wanted)) || (two && !is_text(&second, wanted)))
		return keg_fail(err, KEG_EDENIED, "Unexpected Fulcio OIDC issuer \"%s\"",
				keg_buf_text(one ? &first : &second));
	return 0;
}

static int check_email(X509 *leaf, const char *wanted, struct keg_err *err)
{
	autoptr(stack_st_GENERAL_NAME) names =
		X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	size_t len = strlen(wanted);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_EMAIL &&
		    (size_t)ASN1_STRING_length(name->d.rfc822Name) == len &&
		    memcmp(ASN1_STRING_get0_data(name->d.rfc822Name), wanted, len) == 0)
			return 0;
	}
	return keg_fail(err, KEG_EDENIED, "Required email \"%s\" not found", wanted);
}

static int check_hostname(X509 *leaf, const char *wanted, struct keg_err *err)
{
	if (X509_check_host(leaf, wanted, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1 ||
	    X509_check_ip_asc(leaf, wanted, 0) == 1)
		return 0;
	ERR_clear_error();
	return keg_fail(err, KEG_EDENIED, "Unexpected subject hostname: it is not \"%s\"", wanted);
}

static int read_leaf(const char *pem, X509 **out, struct keg_err *err)
{
	autoptr(stack_st_X509) certs = sk_X509_new_null();

	int n = certs ? read_certs(pem, strlen(pem), certs, err) : -1;
	if (n < 0)
		return keg_wrap(err, "parsing leaf certificate");
	if (n > 1)
		return keg_fail(err, KEG_EDENIED,
				"unexpected multiple certificates present in signature "
				"certificate data");
	*out = sk_X509_pop(certs);
	return 0;
}

int sigstore_cert_check(const struct sigstore_roots *roots, const char *pem,
			const struct sigstore_cert_want *want, EVP_PKEY **key, struct keg_err *err)
{
	autoptr(x509_st) leaf = NULL;

	int r = read_leaf(pem, &leaf, err);
	if (r >= 0)
		r = check_chain(roots, leaf, want, err);
	if (r >= 0 && want->issuer)
		r = check_issuer(leaf, want->issuer, err);
	if (r >= 0 && !keg_str_empty(want->email))
		r = check_email(leaf, want->email, err);
	if (r >= 0 && !keg_str_empty(want->hostname))
		r = check_hostname(leaf, want->hostname, err);
	if (r < 0)
		return r;
	*key = X509_get_pubkey(leaf);
	if (!*key) {
		ERR_clear_error();
		return keg_fail(err, KEG_EDENIED, "the certificate has no key that can be used");
	}
	return 0;
}
