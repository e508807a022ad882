/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is replaced whole, with the folder that holds it locked from before it is read: a
 * lock on the file itself would be one on a file that is gone after the rename. Members that
 * are not ours to know stay as they are.
 */
#include "registry/auth_edit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/num.h"
#include "registry/auth_helper.h"

enum { INDENT = 4 };

struct auth_doc {
	char *path;
	bool docker;
	int folder; /* locked */
	struct json_object *root;
};

static void auth_doc_done(struct auth_doc *doc)
{
	if (doc->root)
		json_object_put(doc->root);
	if (doc->folder >= 0)
		close(doc->folder);
	free(doc->path);
}
KEG_AUTO(auth_doc, auth_doc_done)

/* Behind a symbolic link stands the file that users mean. */
static char *real_path(const char *path)
{
	autofree char *real = realpath(path, NULL);

	return real ? take_ptr(&real) : keg_strdup(path);
}

/* A missing $XDG_RUNTIME_DIR is a session's that is not there: it is not ours to make. */
static int check_runtime_dir(const struct auth_keeper *keeper, const char *path,
			     struct keg_err *err)
{
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (keeper->authfile || keeper->compat || keg_str_empty(run) ||
	    !keg_str_starts(path, run) || access(run, F_OK) == 0)
		return 0;
	keg_fail(err, KEG_ENOTFOUND, "\"%s\" directory set by $XDG_RUNTIME_DIR does not exist",
		 run);
	return keg_hint(err, "Either create the directory or unset $XDG_RUNTIME_DIR.");
}

/* 1 opened and locked, 0 there is no such file (`create`: it is an empty one then). */
static int open_doc(const struct auth_keeper *keeper, bool create, struct auth_doc *out,
		    struct keg_err *err)
{
	auto(auth_site) site = { 0 };

	int r = auth_site_find(keeper->authfile, keeper->compat, &site, err);
	if (r >= 0)
		r = check_runtime_dir(keeper, site.path, err);
	if (r < 0)
		return r;
	out->path = real_path(site.path);
	out->docker = site.docker;

	autofree char *folder = keg_path_dir(out->path);
	if (create)
		r = keg_mkdirs(AT_FDCWD, folder, 0700, err);
	else if (!keg_exists(AT_FDCWD, out->path))
		return 0;
	if (r >= 0)
		r = out->folder = keg_open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0, err);
	if (r >= 0)
		r = keg_lock_flock(out->folder, KEG_LOCK_EXCLUSIVE, err);
	if (r < 0)
		return r;
	if (!keg_exists(AT_FDCWD, out->path)) {
		out->root = json_object_new_object();
		return 1;
	}
	r = keg_json_read(AT_FDCWD, out->path, AUTH_FILE_MOST, &out->root, err);
	if (r >= 0 && !json_object_is_type(out->root, json_type_object))
		r = keg_fail(err, KEG_ECORRUPT, "%s: not an object", out->path);
	return r < 0 ? keg_wrap(err, "reading JSON file") : 1;
}

static int save_doc(const struct auth_doc *doc, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	keg_json_print_indented(doc->root, INDENT, &text);
	return keg_file_write(AT_FDCWD, doc->path, text.data, text.len, 0600, KEG_FILE_DURABLE,
			      err);
}

/* "auths", made where there is none. */
static struct json_object *auths_of(const struct auth_doc *doc)
{
	struct json_object *auths = keg_json_get(doc->root, "auths");

	if (!auths || !json_object_is_type(auths, json_type_object)) {
		auths = json_object_new_object();
		json_object_object_add(doc->root, "auths", auths);
	}
	return auths;
}

static bool is_hub(const char *key)
{
	return strcmp(key, "docker.io") == 0;
}

/* How the file calls `key`. */
static const char *name_in(const struct auth_doc *doc, const char *key)
{
	return doc->docker && is_hub(key) ? AUTH_DOCKER_HUB : key;
}

/* The helper that the file leaves `key` to, or NULL; *server is what it calls the key. */
static const char *helper_of(const struct auth_doc *doc, const char *key, const char **server)
{
	const char *helper = keg_json_str(keg_json_get(doc->root, "credHelpers"), key, NULL);

	*server = key;
	if (!helper && doc->docker) {
		helper = keg_json_str(doc->root, "credsStore", NULL);
		*server = name_in(doc, key);
	}
	return keg_str_empty(helper) ? NULL : helper;
}

static int store_in_helper(const char *helper, const char *server,
			   const struct registry_creds *creds, char **place, struct keg_err *err)
{
	if (strchr(server, '/') && strcmp(server, AUTH_DOCKER_HUB) != 0)
		return keg_fail(err, KEG_EUSAGE,
				"namespaced key is not supported for credential helper %s", helper);
	int r = auth_helper_store(helper, server, creds, err);
	if (r >= 0)
		*place = keg_printf("credential helper: %s", helper);
	return r;
}

static int store_in_file(const struct auth_keeper *keeper, const char *key,
			 const struct registry_creds *creds, char **place, struct keg_err *err)
{
	auto(auth_doc) doc = { .folder = -1 };
	const char *server;

	int r = open_doc(keeper, true, &doc, err);
	if (r < 0)
		return r;
	if (doc.docker && strchr(key, '/'))
		return keg_fail(err, KEG_EUSAGE,
				"credentials cannot be recorded in Docker-compatible format with "
				"namespaced key \"%s\"",
				key);
	const char *helper = helper_of(&doc, key, &server);
	if (helper)
		return store_in_helper(helper, server, creds, place, err);

	autofree char *pair = keg_printf("%s:%s", creds->username, creds->password);
	autofree char *coded = keg_base64(pair, strlen(pair));
	struct json_object *entry = json_object_new_object();
	keg_json_put_str(entry, "auth", coded);
	json_object_object_add(auths_of(&doc), name_in(&doc, key), entry);
	r = save_doc(&doc, err);
	if (r >= 0)
		*place = take_ptr(&doc.path);
	return r;
}

/* The places in order; without any in registries.conf, the files. */
static size_t count_places(const struct auth_keeper *keeper)
{
	return keeper->helpers && keeper->helpers->n ? keeper->helpers->n : 1;
}

/* A helper's name, or NULL: the files. */
static const char *place_at(const struct auth_keeper *keeper, size_t i)
{
	const char *name =
		keeper->helpers && keeper->helpers->n ? keeper->helpers->v[i] : AUTH_FILES_HELPER;

	return strcmp(name, AUTH_FILES_HELPER) == 0 ? NULL : name;
}

int registry_auth_store(const struct auth_keeper *keeper, const char *key,
			const struct registry_creds *creds, char **place, struct keg_err *err)
{
	int r = -KEG_ENOTFOUND;

	if (strchr(creds->username, ':'))
		return keg_fail(err, KEG_EUSAGE, "a user name must not have a colon: %s",
				creds->username);
	for (size_t i = 0; i < count_places(keeper) && r < 0; i++) {
		const char *helper = place_at(keeper, i);

		r = helper ? store_in_helper(helper, key, creds, place, err)
			   : store_in_file(keeper, key, creds, place, err);
	}
	return r < 0 ? keg_wrap(err, "storing the credentials for %s", key) : r;
}

static int erase_in_file(const struct auth_keeper *keeper, const char *key, struct keg_err *err)
{
	auto(auth_doc) doc = { .folder = -1 };
	const char *server;
	int erased = 0;

	int r = open_doc(keeper, false, &doc, err);
	if (r <= 0)
		return r;
	const char *helper = helper_of(&doc, key, &server);
	if (helper) {
		erased = auth_helper_erase(helper, server, err);
		if (erased < 0)
			return erased;
	}
	struct json_object *auths = keg_json_get(doc.root, "auths");
	if (!keg_json_get(auths, name_in(&doc, key)))
		return erased;
	json_object_object_del(auths, name_in(&doc, key));
	r = save_doc(&doc, err);
	return r < 0 ? r : 1;
}

/* One place that fails is no reason to leave the secrets in the others. */
static int keep_first(int failed, int r, const struct keg_err *why, struct keg_err *err)
{
	if (failed < 0)
		return failed;
	*err = *why;
	return r;
}

int registry_auth_erase(const struct auth_keeper *keeper, const char *key, struct keg_err *err)
{
	int erased = 0, failed = 0;

	for (size_t i = 0; i < count_places(keeper); i++) {
		struct keg_err why;
		const char *helper = place_at(keeper, i);
		int r;

		if (!helper)
			r = erase_in_file(keeper, key, &why);
		else
			r = strchr(key, '/') ? 0 : auth_helper_erase(helper, key, &why);
		if (r < 0)
			failed = keep_first(failed, r, &why, err);
		else
			erased |= r;
	}
	return failed < 0 ? keg_wrap(err, "logging out of \"%s\"", key) : erased;
}

static int erase_all_in_helper(const char *helper, struct keg_err *err)
{
	auto(keg_strv) servers = { 0 };

	int r = auth_helper_list(helper, &servers, err);
	for (size_t i = 0; r >= 0 && i < servers.n; i++)
		r = auth_helper_erase(helper, servers.v[i], err);
	return r;
}

static int erase_all_in_file(const struct auth_keeper *keeper, struct keg_err *err)
{
	auto(auth_doc) doc = { .folder = -1 };

	int r = open_doc(keeper, false, &doc, err);
	if (r <= 0)
		return r;
	struct json_object *helpers = keg_json_get(doc.root, "credHelpers");
	if (helpers && json_object_is_type(helpers, json_type_object)) {
		json_object_object_foreach(helpers, server, helper)
		{
			r = auth_helper_erase(json_object_get_string(helper), server, err);
			if (r < 0)
				return r;
		}
	}
	const char *store = doc.docker ? keg_json_str(doc.root, "credsStore", "") : "";
	if (*store) {
		r = erase_all_in_helper(store, err);
		if (r < 0)
			return r;
	}
	json_object_object_add(doc.root, "auths", json_object_new_object());
	return save_doc(&doc, err);
}

int registry_auth_erase_all(const struct auth_keeper *keeper, struct keg_err *err)
{
	int failed = 0;

	for (size_t i = 0; i < count_places(keeper); i++) {
		struct keg_err why;
		const char *helper = place_at(keeper, i);
		int r = helper ? erase_all_in_helper(helper, &why)
			       : erase_all_in_file(keeper, &why);

		if (r < 0)
			failed = keep_first(failed, r, &why, err);
	}
	return failed < 0 ? keg_wrap(err, "removing all credentials") : 0;
}
