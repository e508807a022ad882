/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sigstore_params.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/json_strict.h"
#include "base/mem.h"
#include "base/strv.h"
#include "image/yaml_tree.h"

enum { PARAMS_FILE_MAX = 1 << 20 };

struct params_file {
	const char *key_file, *passphrase_file, *rekor;
	struct json_object *fulcio;
};
static const struct keg_json_field params_rows[] = {
	JSON_STR("privateKeyFile", struct params_file, key_file, 0),
	JSON_STR("privateKeyPassphraseFile", struct params_file, passphrase_file, 0),
	JSON_RAW("fulcio", struct params_file, fulcio, 0),
	JSON_STR("rekorURL", struct params_file, rekor, 0),
	JSON_END,
};

void sigstore_params_done(struct sigstore_params *params)
{
	free(params->key_file);
	free(params->passphrase);
	*params = (struct sigstore_params){ 0 };
}

static int take(const struct params_file *file, struct sigstore_params *out, struct keg_err *err)
{
	if (file->fulcio)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"fulcio: keyless signing is not built into keg");
	if (!keg_str_empty(file->rekor))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"rekorURL: entries in a log are not built into keg");
	if (keg_str_empty(file->key_file))
		return keg_fail(err, KEG_EUSAGE, "no private key source provided");
	if (keg_str_empty(file->passphrase_file))
		return keg_fail(err, KEG_EUSAGE,
				"private key %s specified, but no privateKeyPassphraseFile",
				file->key_file);
	out->key_file = keg_strdup(file->key_file);
	int r = keg_file_read_line(AT_FDCWD, file->passphrase_file, PARAMS_FILE_MAX,
				   &out->passphrase, err);
	return r < 0 ? keg_wrap(err, "reading passphrase file") : r;
}

int sigstore_params_read(const char *path, struct sigstore_params *out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	auto(keg_arena) arena = { 0 };
	autojson root = NULL;
	struct params_file file = { 0 };

	int r = keg_file_read(AT_FDCWD, path, PARAMS_FILE_MAX, &text, err);
	if (r >= 0)
		r = yaml_tree_parse(keg_buf_text(&text), text.len, &root, err);
	if (r >= 0)
		r = keg_json_decode_strict(root, params_rows, &file, &arena, err);
	if (r >= 0)
		r = take(&file, out, err);
	return r < 0 ? keg_wrap(err, "setting up signing using parameter file \"%s\"", path) : r;
}
