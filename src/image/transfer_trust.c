/* SPDX-License-Identifier: Apache-2.0 */
/* trust: policy.json as `keg image trust` shows and changes it. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "image/policy_file.h"
#include "image/registries_d.h"
#include "image/sign_gpg.h"
#include "image/transfer_parts.h"

static const struct trust_word {
	const char *word, *type;
	bool keyed;
} words[] = {
	{ "accept", "insecureAcceptAnything", false },
	{ "reject", "reject", false },
	{ "signedBy", "signedBy", true },
	{ "sigstoreSigned", "sigstoreSigned", true },
};

static const char *shown_type(const char *type)
{
	if (keg_str_eq(type, "signedBy"))
		return "signed";
	for (size_t i = 0; i < KEG_COUNT(words); i++) {
		if (keg_str_eq(words[i].type, type))
			return words[i].word;
	}
	return type;
}

/* The people of the keys in the files, with commas between them. The caller frees. */
static char *people_of(struct json_object *rule)
{
	struct json_object *paths = keg_json_get(rule, "keyPaths");
	const char *path = keg_json_str(rule, "keyPath", NULL);
	auto(keg_strv) people = { 0 };

	if (path)
		gpg_key_people(path, &people);
	for (size_t i = 0; paths && i < json_object_array_length(paths); i++)
		gpg_key_people(json_object_get_string(json_object_array_get_idx(paths, i)),
			       &people);
	return keg_strv_join(&people, ", ");
}

/* A row for each requirement of a scope. */
static void add_rows(struct json_object *rows, const char *transport, const char *name,
		     struct json_object *rules, const char *lookaside)
{
	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);
		const char *type = keg_json_str(rule, "type", "");
		struct json_object *row = json_object_new_object();
		bool is_default = keg_str_eq(transport, "all");

		keg_json_put_str(row, "transport", transport);
		if (*name)
			keg_json_put_str(row, "name", is_default ? "* (default)" : name);
		if (*name)
			keg_json_put_str(row, "repo_name", name);
		keg_json_put_str(row, "sigstore", lookaside);
		keg_json_put_str(row, "type", shown_type(type));
		if (strcmp(type, "signedBy") == 0) {
			autofree char *people = people_of(rule);

			if (*people)
				keg_json_put_str(row, "gpg_id", people);
		} else if (strcmp(type, "sigstoreSigned") == 0) {
			keg_json_put_str(row, "gpg_id", "N/A");
		}
		json_object_array_add(rows, row);
	}
}

static void add_transport(struct json_object *rows, const char *transport,
			  struct json_object *scopes, const struct registries_d *config)
{
	bool docker = strcmp(transport, "docker") == 0;
	auto(keg_strv) names = { 0 };

	keg_json_names(scopes, &names);
	for (size_t i = 0; i < names.n; i++)
		add_rows(rows, docker ? "repository" : transport, names.v[i],
			 keg_json_get(scopes, names.v[i]),
			 docker ? registries_d_lookaside(config, names.v[i]) : NULL);
}

/* The file, checked as a policy and then as the tree that it is. */
static int read_policy(const char *path, struct keg_buf *text, struct json_object **root,
		       struct keg_err *err)
{
	autoptr(policy_file) checked = NULL;

	int r = keg_file_read(AT_FDCWD, path, POLICY_BYTES_MAX, text, err);
	if (r >= 0)
		r = policy_file_parse(keg_buf_text(text), text->len, &checked, err);
	if (r >= 0)
		r = keg_json_parse(keg_buf_text(text), text->len, root, err);
	return r < 0 ? keg_wrap(err, "invalid policy in \"%s\"", path) : r;
}

int transfer_trust_show(const struct image_access *access, struct keg_buf *raw,
			struct json_object **rows, struct keg_err *err)
{
	autofree char *path = policy_file_path(access->policy);
	auto(registries_d) config = { 0 };
	autojson root = NULL;

	if (!path)
		return keg_fail(err, KEG_ENOTFOUND,
				"there is no policy.json: any image is accepted");
	int r = read_policy(path, raw, &root, err);
	if (r >= 0)
		r = registries_d_load(access, &config, err);
	if (r < 0)
		return r;
	*rows = json_object_new_array();
	add_rows(*rows, "all", "default", keg_json_get(root, "default"), NULL);

	struct json_object *transports = keg_json_get(root, "transports");
	auto(keg_strv) names = { 0 };
	if (transports)
		keg_json_names(transports, &names);
	for (size_t i = 0; i < names.n; i++)
		add_transport(*rows, names.v[i], keg_json_get(transports, names.v[i]), &config);
	return 0;
}

static const struct trust_word *find_word(const char *word)
{
	for (size_t i = 0; i < KEG_COUNT(words); i++) {
		if (keg_str_eq(words[i].word, word))
			return &words[i];
	}
	return NULL;
}

static int check_set(const struct transfer_trust_set *req, const struct trust_word *word,
		     struct keg_err *err)
{
	if (!word)
		return keg_fail(err, KEG_EUSAGE,
				"invalid choice: %s (choose from 'accept', 'reject', 'signedBy', "
				"'sigstoreSigned')",
				req->type);
	if (word->keyed && req->n_keys == 0)
		return keg_fail(err, KEG_EUSAGE,
				"at least one public key must be defined for type '%s'", req->type);
	if (!word->keyed && req->n_keys > 0)
		return keg_fail(err, KEG_EUSAGE,
				"%zu public keys unexpectedly provided for trust type %s",
				req->n_keys, req->type);
	for (size_t i = 0; i < req->n_keys; i++) {
		if (access(req->keys[i], R_OK) < 0)
			return keg_fail_sys(err, errno, "public key %s", req->keys[i]);
	}
	return 0;
}

static int make_rules(const struct transfer_trust_set *req, const struct trust_word *word,
		      struct json_object **out, struct keg_err *err)
{
	autojson rules = json_object_new_array();

	for (size_t i = 0; i < (word->keyed ? req->n_keys : 1); i++) {
		struct json_object *rule = json_object_new_object();

		json_object_array_add(rules, rule);
		keg_json_put_str(rule, "type", word->type);
		if (strcmp(word->type, "signedBy") == 0)
			keg_json_put_str(rule, "keyType", "GPGKeys");
		if (word->keyed) {
			autofree char *path = NULL;
			int r = keg_path_absolute(req->keys[i], &path, err);
			if (r < 0)
				return r;
			keg_json_put_str(rule, "keyPath", path);
		}
	}
	*out = take_ptr(&rules);
	return 0;
}

static struct json_object *member(struct json_object *obj, const char *name)
{
	struct json_object *found = keg_json_get(obj, name);

	if (!found) {
		found = json_object_new_object();
		json_object_object_add(obj, name, found);
	}
	return found;
}

int transfer_trust_set(const struct transfer_trust_set *req, struct keg_err *err)
{
	const struct trust_word *word = find_word(req->type);
	autofree char *found = policy_file_path(req->policy);
	const char *path = found ? found : POLICY_SYSTEM_FILE;
	auto(keg_buf) old = { 0 }, text = { 0 };
	autoptr(policy_file) checked = NULL;
	autojson root = NULL;
	struct json_object *rules = NULL;

	int r = check_set(req, word, err);
	if (r >= 0 && keg_exists(AT_FDCWD, path))
		r = read_policy(path, &old, &root, err);
	if (r >= 0)
		r = make_rules(req, word, &rules, err);
	if (r < 0)
		return r;
	if (!root)
		root = json_object_new_object();
	if (strcmp(req->scope, "default") == 0)
		json_object_object_add(root, "default", rules);
	else
		json_object_object_add(member(member(root, "transports"), "docker"), req->scope,
				       rules);
	keg_json_print_indented(root, 4, &text);
	keg_buf_putc(&text, '\n');
	/* What nobody could read afterwards is not written. */
	r = policy_file_parse(keg_buf_text(&text), text.len, &checked, err);
	if (r >= 0)
		r = keg_file_write(AT_FDCWD, path, text.data, text.len, 0644, KEG_FILE_DURABLE,
				   err);
	return r < 0 ? keg_wrap(err, "change policy \"%s\"", path) : r;
}
