/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "registry/auth_helper.h"

struct lookup {
	const char *repo; /* "host/path" */
	char *host;
	struct registry_creds *out;
};

void registry_creds_done(struct registry_creds *creds)
{
	free(creds->username);
	free(creds->password);
	free(creds->identity_token);
	*creds = (struct registry_creds){ 0 };
}

/* base64("user:password"). 1 taken, 0 it says nothing. */
static int decode_pair(const char *coded, struct registry_creds *out, struct keg_err *err)
{
	autofree void *bytes = NULL;
	size_t n = 0;

	int r = keg_unbase64(coded, &bytes, &n, err);
	if (r < 0)
		return keg_wrap(err, "auth");
	/* Docker pads with zero bytes at times: the text ends at the first one. */
	autofree char *pair = keg_strndup(bytes, n);
	char *colon = strchr(pair, ':');
	if (!colon || (colon == pair && !colon[1]))
		return 0;
	registry_creds_done(out);
	out->username = keg_strndup(pair, (size_t)(colon - pair));
	out->password = keg_strdup(colon + 1);
	return 1;
}

static int take_entry(struct json_object *entry, struct registry_creds *out, struct keg_err *err)
{
	const char *token = keg_json_str(entry, "identitytoken", "");
	const char *coded = keg_json_str(entry, "auth", "");
	int r = 0;

	if (*coded)
		r = decode_pair(coded, out, err);
	if (r >= 0 && *token) {
		registry_creds_done(out);
		out->identity_token = keg_strdup(token);
		r = 1;
	}
	return r;
}

/* "https://index.docker.io/v1/" and its like name a host and nothing else. */
static char *host_of_key(const char *key)
{
	const char *after = keg_str_after(key, "https://");

	if (!after)
		after = keg_str_after(key, "http://");
	if (!after)
		after = key;

	char *host = keg_strndup(after, strcspn(after, "/"));
	if (strcmp(host, "index.docker.io") == 0 || strcmp(host, "registry-1.docker.io") == 0) {
		free(host);
		return keg_strdup("docker.io");
	}
	return host;
}

/* host/a/b, host/a, host: the first key that the file has. */
static int find_exact(struct json_object *auths, const struct lookup *what, struct keg_err *err)
{
	autofree char *key = keg_strdup(what->repo);

	for (;;) {
		struct json_object *entry = keg_json_get(auths, key);
		int r = entry ? take_entry(entry, what->out, err) : 0;

		if (r != 0)
			return r;
		char *slash = strrchr(key, '/');
		if (!slash)
			return 0;
		*slash = '\0';
	}
}

static int find_normalized(struct json_object *auths, const struct lookup *what,
			   struct keg_err *err)
{
	if (!auths || !json_object_is_type(auths, json_type_object))
		return 0;
	json_object_object_foreach(auths, key, entry)
	{
		autofree char *host = host_of_key(key);
		bool is_path = !strstr(key, "://") && strchr(key, '/');

		if (is_path || strcmp(host, what->host) != 0)
			continue;
		int r = take_entry(entry, what->out, err);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Docker's config.json can keep everything in one helper. */
static int find_in_docker_store(struct json_object *file, const struct lookup *what,
				struct keg_err *err)
{
	const char *store = keg_json_str(file, "credsStore", "");
	bool is_hub = strcmp(what->host, "docker.io") == 0;

	return *store ? auth_helper_get(store, is_hub ? AUTH_DOCKER_HUB : what->host, what->out,
					err)
		      : 0;
}

static int find_in_file(const char *path, bool legacy, const struct lookup *what,
			struct keg_err *err)
{
	autojson file = NULL;

	if (access(path, F_OK) < 0)
		return 0;
	int r = keg_json_read(AT_FDCWD, path, AUTH_FILE_MOST, &file, err);
	if (r < 0)
		return keg_wrap(err, "reading JSON file");

	struct json_object *auths = legacy ? file : keg_json_get(file, "auths");
	struct json_object *helpers = legacy ? NULL : keg_json_get(file, "credHelpers");
	const char *helper = keg_json_str(helpers, what->host, NULL);
	if (helper)
		return auth_helper_get(helper, what->host, what->out, err);
	r = find_exact(auths, what, err);
	if (r == 0)
		r = find_normalized(auths, what, err);
	if (r == 0 && !legacy)
		r = find_in_docker_store(file, what, err);
	if (r > 0)
		keg_debug("credentials for %s from %s", what->repo, path);
	return r < 0 ? keg_wrap(err, "%s", path) : r;
}

void auth_site_done(struct auth_site *site)
{
	free(site->path);
	*site = (struct auth_site){ 0 };
}

int auth_site_find(const char *authfile, const char *compat, struct auth_site *out,
		   struct keg_err *err)
{
	const char *named = getenv("REGISTRY_AUTH_FILE"), *run = getenv("XDG_RUNTIME_DIR");
	const char *docker = getenv("DOCKER_CONFIG");
	bool is_docker = false;
	char *path;

	if (!keg_str_empty(authfile) && !keg_str_empty(compat))
		return keg_fail(err, KEG_EUSAGE,
				"options for paths to the credential file and to the "
				"Docker-compatible credential file can not be set simultaneously");
	if (!keg_str_empty(authfile)) {
		path = keg_strdup(authfile);
	} else if (!keg_str_empty(compat)) {
		path = keg_strdup(compat);
		is_docker = true;
	} else if (!keg_str_empty(named)) {
		path = keg_strdup(named);
	} else if (!keg_str_empty(docker)) {
		path = keg_path_join(docker, "config.json");
		is_docker = true;
	} else if (!keg_str_empty(run)) {
		path = keg_path_join(run, "containers/auth.json");
	} else {
		path = keg_printf("/run/containers/%u/auth.json", (unsigned)getuid());
	}
	*out = (struct auth_site){ path, is_docker };
	return 0;
}

static int list_files(const char *authfile, struct keg_strv *out, struct keg_err *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	auto(auth_site) first = { 0 };

	int r = auth_site_find(authfile, NULL, &first, err);
	if (r < 0)
		return r;
	keg_strv_take(out, take_ptr(&first.path));
	if (!keg_str_empty(config))
		keg_strv_addf(out, "%s/containers/auth.json", config);
	else if (!keg_str_empty(home))
		keg_strv_addf(out, "%s/.config/containers/auth.json", home);
	if (!keg_str_empty(home)) {
		keg_strv_addf(out, "%s/.docker/config.json", home);
		keg_strv_addf(out, "%s/.dockercfg", home);
	}
	return 0;
}

static int find_in_files(const char *authfile, const struct lookup *what, struct keg_err *err)
{
	auto(keg_strv) files = { 0 };

	int r = list_files(authfile, &files, err);
	for (size_t i = 0; i < files.n && r == 0; i++)
		r = find_in_file(files.v[i], keg_str_ends(files.v[i], "/.dockercfg"), what, err);
	return r;
}

int registry_auth_find(const char *authfile, const struct keg_strv *helpers, const char *repo,
		       struct registry_creds *out, struct keg_err *err)
{
	autofree char *host = keg_strndup(repo, strcspn(repo, "/"));
	const struct lookup what = { .repo = repo, .host = host, .out = out };
	int r = 0;

	if (!helpers || helpers->n == 0)
		return find_in_files(authfile, &what, err);
	for (size_t i = 0; i < helpers->n && r == 0; i++)
		r = strcmp(helpers->v[i], AUTH_FILES_HELPER) == 0
			    ? find_in_files(authfile, &what, err)
			    : auth_helper_get(helpers->v[i], host, out, err);
	return r;
}
