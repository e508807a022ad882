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

int auth_helper_get(const char *name, const char *server, struct registry_creds *out,
		    struct keg_err *err)
{
	autofree char *program = keg_printf("docker-credential-%s", name);
	const char *const argv[] = { program, "get", NULL };
	auto(keg_buf) said = { 0 };
	auto(keg_buf) complaint = { 0 };

	if (strchr(name, '/'))
		return keg_fail(err, KEG_EUSAGE, "malformed name of a credential helper: %s", name);
	int r = keg_spawn_run(argv, server, MAX_HELPER_OUTPUT, &said, &complaint, err);
	if (r == 0) {
		r = read_answer(&said, out, err);
	} else if (r > 0) {
		/* Helpers report on stdout, and this one sentence is part of the protocol. */
		if (strstr(keg_buf_text(&said), "credentials not found"))
			return 0;
		const char *why = said.len ? said.data : keg_buf_text(&complaint);
		r = keg_fail(err, KEG_EAUTH, "exit status %d: %.*s", r, (int)strcspn(why, "\n"),
			     why);
	}
	return r < 0 ? keg_wrap(err, "error getting credentials from %s", program) : r;
}
