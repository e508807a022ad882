/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth_helper.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/spawn.h"

enum { MAX_HELPER_OUTPUT = 64 << 10 };

/* The user name by which a helper says that its secret is an OAuth2 refresh token. */
#define TOKEN_USER "<token>"

static int read_answer(const struct keg_buf *text, struct registry_creds *out, struct keg_err *err)
{
	autojson answer = NULL;

	int r = keg_json_parse(keg_buf_text(text), text->len, &answer, err);
	if (r < 0)
		return r;
	const char *user = keg_json_str(answer, "Username", "");
	const char *secret = keg_json_str(answer, "Secret", "");
	if (!*user && !*secret)
		return 0;
	registry_creds_done(out);
	if (strcmp(user, TOKEN_USER) == 0) {
		out->identity_token = keg_strdup(secret);
	} else {
		out->username = keg_strdup(user);
		out->password = keg_strdup(secret);
	}
	return 1;
}

struct exchange {
	const char *name, *verb, *doing; /* "doing" is for messages */
	const char *input;
};

/* 1 with what it answered, 0 when it says that it has nothing for that server. */
static int ask(const struct exchange *what, struct keg_buf *said, struct keg_err *err)
{
	autofree char *program = keg_printf("docker-credential-%s", what->name);
	const char *const argv[] = { program, what->verb, NULL };
	auto(keg_buf) complaint = { 0 };

	if (strchr(what->name, '/'))
		return keg_fail(err, KEG_EUSAGE, "malformed name of a credential helper: %s",
				what->name);
	int status = keg_spawn_run(argv, what->input, MAX_HELPER_OUTPUT, said, &complaint, err);
	if (status == 0)
		return 1;
	if (status > 0) {
		/* Helpers report on stdout, and this one sentence is part of the protocol. */
		if (strstr(keg_buf_text(said), "credentials not found"))
			return 0;
		const char *why = said->len ? said->data : keg_buf_text(&complaint);
		keg_fail(err, KEG_EAUTH, "exit status %d: %.*s", status, (int)strcspn(why, "\n"),
			 why);
	}
	return keg_wrap(err, "error %s %s", what->doing, program);
}

int auth_helper_get(const char *name, const char *server, struct registry_creds *out,
		    struct keg_err *err)
{
	const struct exchange get = { name, "get", "getting credentials from", server };
	auto(keg_buf) said = { 0 };

	int r = ask(&get, &said, err);
	if (r <= 0)
		return r;
	r = read_answer(&said, out, err);
	return r < 0 ? keg_wrap(err, "the answer of docker-credential-%s", name) : r;
}

int auth_helper_store(const char *name, const char *server, const struct registry_creds *creds,
		      struct keg_err *err)
{
	auto(keg_buf) input = { 0 };
	auto(keg_buf) said = { 0 };
	autojson entry = json_object_new_object();

	keg_json_put_str(entry, "ServerURL", server);
	keg_json_put_str(entry, "Username", creds->username);
	keg_json_put_str(entry, "Secret", creds->password);
	keg_json_print(entry, &input);
	const struct exchange store = { name, "store", "storing credentials in",
					keg_buf_text(&input) };
	return ask(&store, &said, err);
}

int auth_helper_erase(const char *name, const char *server, struct keg_err *err)
{
	const struct exchange erase = { name, "erase", "erasing credentials from", server };
	auto(registry_creds) kept = { 0 };
	auto(keg_buf) said = { 0 };

	/* Most helpers erase what they never had without a complaint. */
	int r = auth_helper_get(name, server, &kept, err);
	return r <= 0 ? r : ask(&erase, &said, err);
}

int auth_helper_list(const char *name, struct keg_strv *servers, struct keg_err *err)
{
	const struct exchange list = { name, "list", "listing credentials of", "" };
	auto(keg_buf) said = { 0 };
	autojson answer = NULL;

	int r = ask(&list, &said, err);
	if (r <= 0)
		return r;
	r = keg_json_parse(keg_buf_text(&said), said.len, &answer, err);
	if (r < 0)
		return keg_wrap(err, "the answer of docker-credential-%s", name);
	if (!json_object_is_type(answer, json_type_object))
		return 0;
	json_object_object_foreach(answer, server, user)
	{
		(void)user;
		keg_strv_add(servers, server);
	}
	return 0;
}
