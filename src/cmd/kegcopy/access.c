/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/access.h"

#include <string.h>

#include "engine/userns.h"

/* The rows for one image, with `p` before each name. */
#define SIDE_ROWS(p)                                                                               \
	OPT_STRING(0, p "authfile", struct side_args, authfile, "PATH",                            \
		   "Path of the authentication file"),                                             \
		OPT_STRING(0, p "cert-dir", struct side_args, cert_dir, "PATH",                    \
			   "Use certificates at PATH (*.crt, *.cert, *.key) to connect to the "    \
			   "registry"),                                                            \
		OPT_STRING(0, p "creds", struct side_args, creds, "USERNAME[:PASSWORD]",           \
			   "Use USERNAME[:PASSWORD] for accessing the registry"),                  \
		OPT_STRING(0, p "daemon-host", struct side_args, daemon_host, "HOST",              \
			   "Use docker daemon host at HOST (docker-daemon:)"),                     \
		OPT_FLAG(0, p "no-creds", struct side_args, no_creds,                              \
			 "Access the registry anonymously"),                                       \
		OPT_STRING(0, p "password", struct side_args, password, "PASSWORD",                \
			   "Password for accessing the registry"),                                 \
		OPT_STRING(0, p "registry-token", struct side_args, registry_token, "TOKEN",       \
			   "Provide a Bearer token for accessing the registry"),                   \
		OPT_STRING(0, p "shared-blob-dir", struct side_args, shared_blob_dir, "DIRECTORY", \
			   "DIRECTORY to use to share blobs across OCI repositories"),             \
		OPT_TRISTATE(                                                                      \
			0, p "tls-verify", struct side_args, tls_verify,                           \
			"Require HTTPS and verify certificates when talking to the registry"),     \
		OPT_STRING(0, p "username", struct side_args, username, "USERNAME",                \
			   "Username for accessing the registry"),                                 \
		OPT_END

const struct cli_opt side_opts[] = { SIDE_ROWS("") };
const struct cli_opt src_side_opts[] = { SIDE_ROWS("src-") };
const struct cli_opt dest_side_opts[] = { SIDE_ROWS("dest-") };

const struct cli_opt side_shared_opts[] = {
	OPT_STRING(0, "authfile", struct side_shared, authfile, "PATH",
		   "Path of the authentication file for both images"),
	OPT_TRISTATE(0, "tls-verify", struct side_shared, tls_verify, "The same for both images",
		     .flags = CLI_HIDDEN),
	OPT_END,
};

void side_share(const struct side_shared *shared, struct side_args *side)
{
	if (!side->authfile)
		side->authfile = shared->authfile;
	if (side->tls_verify < 0)
		side->tls_verify = shared->tls_verify;
}

static int take_creds(const struct side_args *side, struct keg_arena *arena,
		      struct image_access *out, struct keg_err *err)
{
	if (side->no_creds && (side->creds || side->username))
		return keg_fail(err, KEG_EUSAGE,
				"creds and no-creds cannot be specified at the "
				"same time");
	if (side->creds && side->username)
		return keg_fail(err, KEG_EUSAGE,
				"creds and username cannot be specified at the "
				"same time");
	if (!side->username != !side->password)
		return keg_fail(err, KEG_EUSAGE,
				"username and password must be specified "
				"together");
	out->username = side->username;
	out->password = side->password;
	if (!side->creds)
		return 0;

	size_t len = strcspn(side->creds, ":");
	if (len == 0)
		return keg_fail(err, KEG_EUSAGE, "%s can't be empty",
				*side->creds ? "username" : "credentials");
	out->username = keg_arena_strndup(arena, side->creds, len);
	out->password = side->creds[len] ? side->creds + len + 1 : "";
	return 0;
}

static int enter_for_store(const char *const *names, struct keg_err *err)
{
	for (size_t i = 0; names[i]; i++) {
		if (strncmp(names[i], "containers-storage:", 19) == 0)
			return userns_enter(0, err);
	}
	return 0;
}

int copy_access(const struct copy_globals *globals, const struct side_args *side,
		const char *const *names, struct keg_arena *arena, struct image_access *out,
		struct keg_err *err)
{
	*out = (struct image_access){
		.authfile = side->authfile,
		.registry_token = side->registry_token,
		.cert_dir = side->cert_dir,
		.no_creds = side->no_creds,
		.tls_verify_given = side->tls_verify >= 0,
		.tls_verify = side->tls_verify > 0,
		.shared_blob_dir = side->shared_blob_dir,
		.daemon_host = side->daemon_host,
		.registries_conf = globals->registries_conf,
		.registries_conf_dir = globals->registries_conf_dir,
		.os = globals->os,
		.arch = globals->arch,
		.variant = globals->variant,
		.policy = globals->policy,
		.insecure_policy = globals->insecure_policy,
		.require_signed = globals->require_signed,
		.registries_d = globals->registries_d,
		.tmpdir = globals->tmpdir,
		.user_agent_prefix = globals->user_agent_prefix,
		.rootless = userns_is_rootless(),
		.uid = userns_owner(),
	};

	int r = copy_globals_deadline(globals, &out->deadline_ns, err);
	if (r >= 0)
		r = take_creds(side, arena, out, err);
	return r < 0 ? r : enter_for_store(names, err);
}
