/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_trust.h"

#include "base/strv.h"

bool http_trust_is_hashed(void)
{
	const char *path = curl_version_info(CURLVERSION_NOW)->capath;
	autodir dir = path ? opendir(path) : NULL;

	if (!dir)
		return false;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (keg_str_ends(entry->d_name, ".0"))
			return true;
	}
	return false;
}

/* The variables are those that Go's programs, and so the peers, look at. */
static void set_system(CURL *easy, bool hashed)
{
	const char *dir = getenv("SSL_CERT_DIR"), *file = getenv("SSL_CERT_FILE");
	bool named = !keg_str_empty(dir) || !keg_str_empty(file);

	if (named || hashed)
		curl_easy_setopt(easy, CURLOPT_CAINFO, keg_str_empty(file) ? NULL : file);
	if (named)
		curl_easy_setopt(easy, CURLOPT_CAPATH, keg_str_empty(dir) ? NULL : dir);
}

void http_trust_set(CURL *easy, const struct registry_certs *certs, bool hashed)
{
	if (!certs->verify) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	} else {
		set_system(easy, hashed);
	}
	if (certs->verify && certs->trust.len > 0) {
		struct curl_blob blob = { .data = certs->trust.data,
					  .len = certs->trust.len,
					  .flags = CURL_BLOB_NOCOPY };
		curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (certs->cert) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, certs->cert);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, certs->key);
	}
}
