/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/digest.h"

#include <string.h>

#include "base/format.h"
#include "base/num.h"
#include "base/strv.h"

static const struct algorithm {
	const char *prefix;
	size_t digits;
} algorithms[] = {
	{ "sha256:", 64 },
	{ "sha512:", 128 },
};

static const struct algorithm *find_algorithm(const char *text)
{
	for (size_t i = 0; i < KEG_COUNT(algorithms); i++) {
		if (keg_str_starts(text, algorithms[i].prefix))
			return &algorithms[i];
	}
	return NULL;
}

static const char *what_is_wrong(const char *text)
{
	if (keg_str_empty(text))
		return "empty";

	const struct algorithm *algorithm = find_algorithm(text);
	if (!algorithm)
		return strchr(text, ':') ? "unsupported digest algorithm"
					 : "not of the form algorithm:hex";

	const char *hex = text + strlen(algorithm->prefix);
	if (strspn(hex, "0123456789abcdef") < strnlen(hex, algorithm->digits + 1))
		return "not lower-case hex";
	if (strnlen(hex, algorithm->digits + 1) != algorithm->digits)
		return "wrong length";
	return NULL;
}

bool digest_is_valid(const char *text)
{
	return what_is_wrong(text) == NULL;
}

int digest_check(const char *text, struct keg_err *err)
{
	const char *wrong = what_is_wrong(text);

	if (wrong)
		return keg_fail(err, KEG_ECORRUPT, "invalid digest \"%.140s\": %s",
				text ? text : "", wrong);
	return 0;
}

bool digest_is_sha256(const char *text)
{
	return digest_is_valid(text) && keg_str_starts(text, algorithms[0].prefix);
}

const char *digest_hex(const char *text)
{
	return strchr(text, ':') + 1;
}

void digest_from_sha256(char out[DIGEST_SHA256_LEN + 1], const unsigned char sum[32])
{
	char hex[65];

	keg_hex(hex, sum, 32);
	digest_from_hex(out, hex);
}

void digest_from_hex(char out[DIGEST_SHA256_LEN + 1], const char *hex)
{
	keg_format(out, DIGEST_SHA256_LEN + 1, "%s%.64s", algorithms[0].prefix, hex);
}
