/* SPDX-License-Identifier: Apache-2.0 */
#include "image/docker_lookaside.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "registry/lookaside.h"
#include "spec/digest.h"

static char *signature_url(const char *base, const char *digest, size_t i)
{
	autofree char *algorithm = keg_strndup(digest, strcspn(digest, ":"));

	return keg_printf("%s@%s=%s/signature-%zu", base, algorithm, digest_hex(digest), i + 1);
}

static bool is_web(const char *url)
{
	return keg_str_starts(url, "http://") || keg_str_starts(url, "https://");
}

/* 1, or 0 when there is none. */
static int read_one(struct registry_client *client, const char *url, struct keg_buf *out,
		    struct keg_err *err)
{
	const char *path = keg_str_after(url, "file://");

	if (path && !keg_exists(AT_FDCWD, path))
		return 0;
	if (path) {
		int r = keg_file_read(AT_FDCWD, path, SIGNATURE_BYTES_MAX, out, err);
		return r < 0 ? r : 1;
	}
	if (is_web(url))
		return registry_lookaside_get(client, url, SIGNATURE_BYTES_MAX, out, err);
	return keg_fail(err, KEG_EUSAGE, "Unsupported scheme when reading signature from %s", url);
}

int docker_lookaside_read(struct registry_client *client, const char *base, const char *digest,
			  struct signatures *out, struct keg_err *err)
{
	for (size_t i = 0;; i++) {
		autofree char *url = signature_url(base, digest, i);
		auto(keg_buf) bytes = { 0 };

		int r = read_one(client, url, &bytes, err);
		if (r <= 0)
			return r;
		r = signatures_parse(out, keg_buf_text(&bytes), bytes.len, err);
		if (r < 0)
			return keg_wrap(err, "parsing signature %s", url);
	}
}

static int write_one(const char *path, const struct signature *sig, struct keg_err *err)
{
	autofree char *folder = keg_path_dir(path);
	auto(keg_buf) bytes = { 0 };

	signature_emit(sig, &bytes);
	int r = keg_mkdirs(AT_FDCWD, folder, 0755, err);
	return r < 0 ? r
		     : keg_file_write(AT_FDCWD, path, keg_buf_text(&bytes), bytes.len, 0644, 0,
				      err);
}

static int not_writable(const char *url, struct keg_err *err)
{
	if (!is_web(url))
		return keg_fail(err, KEG_EUSAGE, "Unsupported scheme when writing signature to %s",
				url);
	return keg_fail(err, KEG_EUSAGE,
			"Writing directly to a %.*s lookaside %s is not supported. Configure a "
			"lookaside-staging: location",
			(int)strcspn(url, ":"), url, url);
}

int docker_lookaside_write(const char *base, const char *digest,
			   const struct signature *const *sigs, size_t n, struct keg_err *err)
{
	for (size_t i = 0;; i++) {
		autofree char *url = signature_url(base, digest, i);
		const char *path = keg_str_after(url, "file://");
		int r;

		if (!path)
			return not_writable(url, err);
		if (i >= n && !keg_exists(AT_FDCWD, path))
			return 0;
		r = i < n ? write_one(path, sigs[i], err) : keg_remove_tree(AT_FDCWD, path, err);
		if (r < 0)
			return r;
	}
}
