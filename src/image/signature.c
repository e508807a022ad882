/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: an OpenPGP message stands as it is, told by its first byte; every other kind
 * begins with a zero byte, its name and a line feed. Sigstore's goes on as JSON with the
 * payload in base64.
 */
#include "image/signature.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

#define SIMPLE_NAME "simple-signing"
#define SIGSTORE_NAME "sigstore-json"

struct sigstore_file {
	const char *media_type, *payload;
	struct keg_pair *annotations;
	size_t n_annotations;
};
static const struct keg_json_field sigstore_rows[] = {
	JSON_STR("mimeType", struct sigstore_file, media_type, KEG_JSON_ALWAYS),
	JSON_STR("payload", struct sigstore_file, payload, KEG_JSON_ALWAYS),
	JSON_MAP("annotations", struct sigstore_file, annotations, KEG_JSON_ALWAYS),
	JSON_END,
};

void signature_done(struct signature *sig)
{
	keg_buf_done(&sig->bytes);
	free(sig->media_type);
	json_object_put(sig->annotations);
	*sig = (struct signature){ 0 };
}

const char *signature_annotation(const struct signature *sig, const char *name)
{
	return keg_json_str(sig->annotations, name, NULL);
}

bool signature_equal(const struct signature *a, const struct signature *b)
{
	return a->sigstore == b->sigstore && a->bytes.len == b->bytes.len &&
	       memcmp(keg_buf_text(&a->bytes), keg_buf_text(&b->bytes), a->bytes.len) == 0 &&
	       keg_str_eq(a->media_type, b->media_type) &&
	       json_object_equal(a->annotations, b->annotations);
}

static int parse_sigstore(const char *text, size_t len, struct signature *out, struct keg_err *err)
{
	autojson root = NULL;
	auto(keg_arena) arena = { 0 };
	struct sigstore_file file = { 0 };
	autofree void *payload = NULL;
	size_t n = 0;

	int r = keg_json_parse(text, len, &root, err);
	if (r >= 0)
		r = keg_json_decode(root, sigstore_rows, &file, &arena, err);
	if (r >= 0 && file.payload)
		r = keg_unbase64(file.payload, &payload, &n, err);
	if (r < 0)
		return r;
	out->sigstore = true;
	out->media_type = keg_strdup(file.media_type ? file.media_type : "");
	out->annotations = keg_json_of_pairs(file.annotations, file.n_annotations);
	keg_buf_add(&out->bytes, payload, n);
	return 0;
}

static int parse_named(const char *text, size_t len, struct signature *out, struct keg_err *err)
{
	const char *line = memchr(text, '\n', len);

	if (!line)
		return keg_fail(err, KEG_ECORRUPT, "invalid signature format, missing newline");
	autofree char *name = keg_strndup(text, (size_t)(line - text));
	size_t at = (size_t)(line - text) + 1;
	if (keg_str_eq(name, SIGSTORE_NAME))
		return parse_sigstore(text + at, len - at, out, err);
	if (!keg_str_eq(name, SIMPLE_NAME))
		return keg_fail(err, KEG_ECORRUPT, "unrecognized signature format \"%.64s\"", name);
	keg_buf_add(&out->bytes, text + at, len - at);
	return 0;
}

/*
 * The tags of packets that an OpenPGP message may begin with (RFC 4880, 4.2 and 4.3): 8
 * compressed data, 4 one-pass signature, 2 signature, in the old and the new form.
 */
static bool begins_openpgp(unsigned char first)
{
	unsigned tag = first & 0x40 ? first & 0x3F : (first & 0x3C) >> 2;

	return (first & 0x80) && (tag == 8 || tag == 4 || tag == 2);
}

int signature_parse(const void *bytes, size_t len, struct signature *out, struct keg_err *err)
{
	const char *text = bytes;
	auto(signature) sig = { 0 };
	int r = 0;

	if (len == 0)
		return keg_fail(err, KEG_ECORRUPT, "empty signature blob");
	if (begins_openpgp((unsigned char)text[0]))
		keg_buf_add(&sig.bytes, bytes, len);
	else if (text[0] == '\0')
		r = parse_named(text + 1, len - 1, &sig, err);
	else
		r = keg_fail(err, KEG_ECORRUPT,
			     "unrecognized signature format, starting with binary %#x",
			     (unsigned char)text[0]);
	if (r < 0)
		return r;
	*out = sig;
	sig = (struct signature){ 0 };
	return 0;
}

void signature_emit(const struct signature *sig, struct keg_buf *out)
{
	if (!sig->sigstore) {
		keg_buf_add(out, sig->bytes.data, sig->bytes.len);
		return;
	}
	autojson root = json_object_new_object();
	autofree char *payload = keg_base64(keg_buf_text(&sig->bytes), sig->bytes.len);
	keg_json_put_str(root, "mimeType", sig->media_type);
	keg_json_put_str(root, "payload", payload);
	json_object_object_add(root, "annotations", json_object_get(sig->annotations));
	keg_buf_putc(out, '\0');
	keg_buf_puts(out, SIGSTORE_NAME "\n");
	keg_json_print(root, out);
}

void signatures_take(struct signatures *list, struct signature *sig)
{
	list->v = keg_realloc(list->v, list->n + 1, sizeof *list->v);
	list->v[list->n++] = *sig;
	*sig = (struct signature){ 0 };
}

int signatures_add(struct signatures *list, struct signature *sig, struct keg_err *err)
{
	if (list->n == SIGNATURES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "there are more than %d signatures",
				SIGNATURES_MAX);
	signatures_take(list, sig);
	return 0;
}

int signatures_parse(struct signatures *list, const void *bytes, size_t len, struct keg_err *err)
{
	auto(signature) sig = { 0 };

	int r = signature_parse(bytes, len, &sig, err);
	return r < 0 ? r : signatures_add(list, &sig, err);
}

void signatures_done(struct signatures *list)
{
	for (size_t i = 0; i < list->n; i++)
		signature_done(&list->v[i]);
	free(list->v);
	*list = (struct signatures){ 0 };
}
