/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/certs.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

enum { MAX_CERT_BYTES = 1 << 20 };

void registry_certs_done(struct registry_certs *certs)
{
	keg_buf_done(&certs->trust);
	free(certs->cert);
	free(certs->key);
	*certs = (struct registry_certs){ 0 };
}

/* The folder for `host`, or NULL when nobody made one. */
static char *find_dir(const char *host)
{
	const char *home = getenv("HOME");
	auto(keg_strv) bases = { 0 };

	if (!keg_str_empty(home))
		keg_strv_addf(&bases, "%s/.config/containers/certs.d", home);
	keg_strv_add(&bases, "/etc/containers/certs.d");
	keg_strv_add(&bases, "/etc/docker/certs.d");
	for (size_t i = 0; i < bases.n; i++) {
		autofree char *dir = keg_path_join(bases.v[i], host);

		if (keg_exists(AT_FDCWD, dir))
			return take_ptr(&dir);
	}
	return NULL;
}

static int add_trust(const char *dir, const char *name, struct registry_certs *out,
		     struct keg_err *err)
{
	autofree char *path = keg_path_join(dir, name);
	int r = keg_file_read(AT_FDCWD, path, MAX_CERT_BYTES, &out->trust, err);

	if (r >= 0)
		keg_buf_putc(&out->trust, '\n'); /* a file may lack its last one */
	return r;
}

/* `name` without its suffix and with another one. */
static char *sibling(const char *name, const char *from, const char *to)
{
	return keg_printf("%.*s%s", (int)(strlen(name) - strlen(from)), name, to);
}

static int add_pair(const char *dir, const struct keg_strv *names, const char *cert,
		    struct registry_certs *out, struct keg_err *err)
{
	autofree char *key = sibling(cert, ".cert", ".key");

	if (!keg_strv_has(names, key)) {
		keg_fail(err, KEG_EUSAGE, "missing key %s for client certificate %s in %s", key,
			 cert, dir);
		return keg_hint(err, "CA certificates must use the extension .crt");
	}
	if (out->cert) /* by name, as there is only one to show: the first */
		return 0;
	out->cert = keg_path_join(dir, cert);
	out->key = keg_path_join(dir, key);
	return 0;
}

static int add_file(const char *dir, const struct keg_strv *names, const char *name,
		    struct registry_certs *out, struct keg_err *err)
{
	if (keg_str_ends(name, ".crt"))
		return add_trust(dir, name, out, err);
	if (keg_str_ends(name, ".cert"))
		return add_pair(dir, names, name, out, err);
	if (keg_str_ends(name, ".key")) {
		autofree char *cert = sibling(name, ".key", ".cert");

		if (!keg_strv_has(names, cert))
			return keg_fail(err, KEG_EUSAGE,
					"missing client certificate %s for key %s in %s", cert,
					name, dir);
	}
	return 0;
}

/* Own authorities replace curl's file of them; where that is its only source, add it back. */
static int add_system_trust(struct registry_certs *out, struct keg_err *err)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (out->trust.len == 0 || info->capath || !info->cainfo)
		return 0;
	return keg_file_read(AT_FDCWD, info->cainfo, MAX_CERT_BYTES, &out->trust, err);
}

int registry_certs_load(const char *dir, const char *host, struct registry_certs *out,
			struct keg_err *err)
{
	autofree char *found = dir ? keg_strdup(dir) : find_dir(host);
	auto(keg_strv) names = { 0 };

	if (!found)
		return 0;
	autodir listing = opendir(found);
	if (!listing && errno == ENOENT)
		return 0;
	if (!listing)
		return keg_fail_sys(err, errno, "open %s", found);
	for (struct dirent *entry; (entry = readdir(listing));)
		keg_strv_add(&names, entry->d_name);
	keg_strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		int r = add_file(found, &names, names.v[i], out, err);
		if (r < 0)
			return r;
	}
	return add_system_trust(out, err);
}
