/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy login - credentials for a registry, asked for, tried and kept. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/prompt.h"
#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "cmd/kegcopy/login_key.h"
#include "image/transfer.h"

enum { PASSWORD_MOST = 64 << 10 };

struct login_args {
	const char *authfile, *compat, *cert_dir, *username, *password;
	bool get_login, password_stdin, verbose;
	int tls_verify;
};

static const struct cli_opt login_opts[] = {
	OPT_STRING(0, "authfile", struct login_args, authfile, "PATH",
		   "Path of the authentication file (default: $REGISTRY_AUTH_FILE)"),
	OPT_STRING(0, "cert-dir", struct login_args, cert_dir, "PATH",
		   "Use certificates at PATH (*.crt, *.cert, *.key) to connect to the registry"),
	OPT_STRING(0, "compat-auth-file", struct login_args, compat, "PATH",
		   "Path of a Docker-compatible configuration file to update instead"),
	OPT_FLAG(0, "get-login", struct login_args, get_login,
		 "Print the user name of the current login for the registry"),
	OPT_STRING('p', "password", struct login_args, password, "PASSWORD",
		   "Password for the registry"),
	OPT_FLAG(0, "password-stdin", struct login_args, password_stdin,
		 "Take the password from standard input"),
	OPT_TRISTATE(0, "tls-verify", struct login_args, tls_verify,
		     "Require HTTPS and verify certificates when talking to the registry"),
	OPT_STRING('u', "username", struct login_args, username, "USERNAME",
		   "Username for the registry"),
	OPT_FLAG('v', "verbose", struct login_args, verbose, "Say where the credentials are kept"),
	OPT_END,
};

static void login_defaults(void *args)
{
	((struct login_args *)args)->tls_verify = -1;
}

/* What is being logged into, and what is known about that. */
struct login {
	const struct transfer_table *transfer;
	struct image_access access;
	struct transfer_login req;
	char *key, *kept_user, *kept_password; /* as they are in the file */
	char *username, *password;	       /* as they were given */
};

static void login_done(struct login *login)
{
	free(login->key);
	free(login->kept_user);
	free(login->kept_password);
	free(login->username);
	free(login->password);
}
KEG_AUTO(login, login_done)

static int check_options(const struct cli_call *call, struct keg_err *err)
{
	const struct login_args *a = call->args;

	if (call->n_operands == 0)
		return keg_fail(err, KEG_EUSAGE, "please provide a registry to login to");
	if (call->n_operands > 1)
		return keg_fail(err, KEG_EUSAGE, "login accepts only one registry to login to");
	if (a->password_stdin && !keg_str_empty(a->password))
		return keg_fail(err, KEG_EUSAGE,
				"Can't specify both --password-stdin and --password");
	if (a->password_stdin && keg_str_empty(a->username))
		return keg_fail(err, KEG_EUSAGE, "Must provide --username with --password-stdin");
	return 0;
}

/* All of standard input without the ends of its lines. */
static int read_password(char **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	auto(keg_buf) password = { 0 };

	int r = keg_fd_read_all(STDIN_FILENO, PASSWORD_MOST, &text, err);
	if (r < 0)
		return keg_wrap(err, "reading password");
	for (size_t i = 0; i < text.len; i++) {
		bool ends_line =
			text.data[i] == '\n' || (text.data[i] == '\r' && text.data[i + 1] == '\n');

		if (!ends_line)
			keg_buf_putc(&password, text.data[i]);
	}
	*out = keg_buf_take(&password);
	return 0;
}

/* In place. */
static void trim(char *text)
{
	size_t start = strspn(text, " \t\r\n"), end = strlen(text);

	while (end > start && strchr(" \t\r\n", text[end - 1]))
		end--;
	memmove(text, text + start, end - start);
	text[end - start] = '\0';
}

/* An empty answer is the user name of the last time. */
static int ask_username(struct login *login, struct keg_err *err)
{
	autofree char *label = login->kept_user ? keg_printf("Username (%s): ", login->kept_user)
						: keg_strdup("Username: ");

	int r = cli_prompt_line(stdout, label, &login->username, err);
	if (r < 0)
		return keg_wrap(err, "reading username");
	trim(login->username);
	if (!*login->username && login->kept_user) {
		free(login->username);
		login->username = keg_strdup(login->kept_user);
	}
	return 0;
}

static int ask_what_is_missing(struct login *login, struct keg_err *err)
{
	int r = 0;

	if (keg_str_empty(login->username)) {
		free(take_ptr(&login->username));
		r = ask_username(login, err);
	}
	if (r >= 0 && keg_str_empty(login->password)) {
		free(take_ptr(&login->password));
		r = cli_prompt_secret(stdout, "Password: ", &login->password, err);
		if (r < 0)
			keg_wrap(err, "reading password");
	}
	return r < 0 ? keg_wrap(err, "getting username and password") : 0;
}

static int try_credentials(struct login *login, const char *username, const char *password,
			   struct keg_err *err)
{
	login->access.username = username;
	login->access.password = password;
	return login->transfer->login_check(&login->req, err);
}

/* Without any given, those of the last time may still be good. */
static bool kept_ones_do(struct login *login)
{
	struct keg_err why;

	if (login->username || login->password || !login->kept_user ||
	    keg_str_empty(login->kept_password))
		return false;
	printf("Authenticating with existing credentials for %s\n", login->key);
	if (try_credentials(login, login->kept_user, login->kept_password, &why) >= 0) {
		printf("Existing credentials are valid. Already logged in to %.*s\n",
		       (int)strcspn(login->key, "/"), login->key);
		return true;
	}
	printf("Existing credentials are invalid, please enter valid username and password\n");
	return false;
}

static int log_in(struct login *login, bool verbose, struct keg_err *err)
{
	autofree char *place = NULL;

	if (kept_ones_do(login))
		return 0;
	int r = ask_what_is_missing(login, err);
	if (r < 0)
		return r;
	r = try_credentials(login, login->username, login->password, err);
	if (r == -KEG_EAUTH)
		return keg_fail(err, KEG_EAUTH, "logging into \"%s\": invalid username/password",
				login->key);
	if (r < 0)
		return keg_wrap(err, "authenticating creds for \"%s\"", login->key);
	r = login->transfer->login_store(&login->req, &place, err);
	if (r < 0)
		return r;
	if (verbose)
		printf("Used:  %s\n", place);
	printf("Login Succeeded!\n");
	return 0;
}

static int login_run(const struct cli_call *call, struct keg_err *err)
{
	const struct login_args *a = call->args;
	const struct side_args side = { .authfile = a->authfile,
					.cert_dir = a->cert_dir,
					.tls_verify = a->tls_verify };
	const char *const none[] = { NULL };
	auto(keg_arena) arena = { 0 };
	auto(login) login = { .username = keg_strdup(a->username),
			      .password = keg_strdup(a->password) };

	int r = check_options(call, err);
	if (r >= 0)
		r = login_key(call->operands[0], &login.key, err);
	if (r >= 0)
		r = copy_access(call->globals, &side, none, &arena, &login.access, err);
	if (r >= 0)
		r = transfer_open(&login.transfer, err);
	if (r < 0)
		return r;
	login.req = (struct transfer_login){ &login.access, a->compat, login.key };
	int kept =
		login.transfer->login_find(&login.req, &login.kept_user, &login.kept_password, err);
	if (kept < 0)
		return kept;
	if (a->get_login) {
		if (!login.kept_user)
			return keg_fail(err, KEG_ENOTFOUND, "not logged into %s", login.key);
		printf("%s\n", login.kept_user);
		return 0;
	}
	if (kept && !login.kept_user)
		return keg_fail(err, KEG_EBUSY,
				"currently logged in, auth file contains an Identity token");
	if (a->password_stdin)
		r = read_password(&login.password, err);
	return r < 0 ? r : log_in(&login, a->verbose, err);
}

const struct cli_cmd cmd_login = {
	.name = "login",
	.operands = "REGISTRY",
	.summary = "Login to a container registry",
	.opts = login_opts,
	.args_size = sizeof(struct login_args),
	.defaults = login_defaults,
	.min = 0,
	.max = -1,
	.run = login_run,
};
