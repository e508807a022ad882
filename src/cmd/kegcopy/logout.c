/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy logout - forget the credentials for a registry. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "cmd/kegcopy/access.h"
#include "cmd/kegcopy/commands.h"
#include "cmd/kegcopy/login_key.h"
#include "image/transfer.h"

struct logout_args {
	const char *authfile, *compat;
	bool all;
	int tls_verify;
};

static const struct cli_opt logout_opts[] = {
	OPT_FLAG('a', "all", struct logout_args, all,
		 "Remove the cached credentials for all registries in the auth file"),
	OPT_STRING(0, "authfile", struct logout_args, authfile, "PATH",
		   "Path of the authentication file (default: $REGISTRY_AUTH_FILE)"),
	OPT_STRING(0, "compat-auth-file", struct logout_args, compat, "PATH",
		   "Path of a Docker-compatible configuration file to update instead"),
	OPT_TRISTATE(0, "tls-verify", struct logout_args, tls_verify,
		     "Require HTTPS and verify certificates when talking to the registry"),
	OPT_END,
};

static void logout_defaults(void *args)
{
	((struct logout_args *)args)->tls_verify = -1;
}

static int check_operands(const struct cli_call *call, struct keg_err *err)
{
	const struct logout_args *a = call->args;

	if (a->all && call->n_operands > 0)
		return keg_fail(err, KEG_EUSAGE, "--all takes no arguments");
	if (!a->all && call->n_operands == 0)
		return keg_fail(err, KEG_EUSAGE, "please provide a registry to logout from");
	if (call->n_operands > 1)
		return keg_fail(err, KEG_EUSAGE, "logout accepts only one registry to logout from");
	return 0;
}

/* What another tool keeps is that one's to remove; what is no login any more is none. */
static int explain(const struct transfer_table *transfer, struct transfer_login *req,
		   struct image_access *access, struct keg_err *err)
{
	autofree char *username = NULL;
	autofree char *password = NULL;
	struct keg_err why;

	int r = transfer->login_find(req, &username, &password, err);
	if (r < 0)
		return r;
	access->username = username;
	access->password = password;
	if (!keg_str_empty(username) && !keg_str_empty(password) &&
	    transfer->login_check(req, &why) >= 0) {
		printf("Not logged into %s with current tool. Existing credentials were "
		       "established via docker login. Please use docker logout instead.\n",
		       req->key);
		return 0;
	}
	return keg_fail(err, KEG_ENOTFOUND, "not logged into %s", req->key);
}

static int check_authfile(const char *path, struct keg_err *err)
{
	if (keg_str_empty(path) || access(path, F_OK) == 0)
		return 0;
	return keg_fail_sys(err, errno, "checking authfile: stat %s", path);
}

static int logout_run(const struct cli_call *call, struct keg_err *err)
{
	const struct logout_args *a = call->args;
	const struct side_args side = { .authfile = a->authfile, .tls_verify = a->tls_verify };
	const char *const none[] = { NULL };
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	autofree char *key = NULL;
	struct image_access how;

	int r = check_operands(call, err);
	if (r >= 0)
		r = check_authfile(a->authfile, err);
	if (r >= 0)
		r = check_authfile(a->compat, err);
	if (r >= 0 && !a->all)
		r = login_key(call->operands[0], &key, err);
	if (r >= 0)
		r = copy_access(call->globals, &side, none, &arena, &how, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	struct transfer_login req = { &how, a->compat, key };
	r = transfer->login_forget(&req, err);
	if (r < 0)
		return r;
	if (!key) {
		printf("Removed login credentials for all registries\n");
		return 0;
	}
	if (r == 0)
		return explain(transfer, &req, &how, err);
	printf("Removed login credentials for %s\n", key);
	return 0;
}

const struct cli_cmd cmd_logout = {
	.name = "logout",
	.operands = "REGISTRY",
	.summary = "Logout of a container registry",
	.opts = logout_opts,
	.args_size = sizeof(struct logout_args),
	.defaults = logout_defaults,
	.min = 0,
	.max = -1,
	.run = logout_run,
};
