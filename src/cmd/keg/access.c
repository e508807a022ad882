/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/access.h"

#include <string.h>

#include "engine/userns.h"
#include "spec/platform.h"

const struct cli_opt access_opts[] = {
	OPT_STRING(0, "authfile", struct access_args, authfile, "PATH",
		   "Path of the authentication file. Use REGISTRY_AUTH_FILE environment variable "
		   "to override"),
	OPT_STRING(0, "cert-dir", struct access_args, cert_dir, "DIR",
		   "Folder of TLS certificates and keys"),
	OPT_STRING(0, "creds", struct access_args, creds, "USERNAME[:PASSWORD]",
		   "Credentials to use for authenticating to a registry"),
	OPT_TRISTATE(0, "tls-verify", struct access_args, tls_verify,
		     "Require HTTPS and verify certificates when contacting registries"),
	OPT_END,
};

const struct cli_opt platform_opts[] = {
	OPT_STRING(0, "arch", struct platform_args, arch, "ARCH",
		   "Use ARCH instead of the architecture of the machine for choosing images"),
	OPT_STRING(0, "os", struct platform_args, os, "OS",
		   "Use OS instead of the running OS for choosing images"),
	OPT_STRING(0, "platform", struct platform_args, platform, "OS/ARCH[/VARIANT]",
		   "Specify the platform for selecting the image; conflicts with --arch and --os"),
	OPT_STRING(0, "variant", struct platform_args, variant, "VARIANT",
		   "Use VARIANT instead of the running architecture's for choosing images"),
	OPT_END,
};

int keg_engine(const struct cli_call *call, struct engine *out, struct keg_err *err)
{
	const struct keg_globals *g = call->globals;
	const struct engine_request request = {
		.root = g->root,
		.runroot = g->runroot,
		.tmpdir = g->tmpdir,
		.storage_driver = g->storage_driver,
		.imagestore = g->imagestore,
		.storage_opts = &g->storage_opts,
		.runtime = g->runtime,
		.conmon = g->conmon,
		.cgroup_manager = g->cgroup_manager,
		.hooks_dir = g->hooks_dir,
		.runtime_flags = &g->runtime_flags,
	};

	return engine_open(&request, out, err);
}

static int take_platform(struct engine *engine, const struct platform_args *args,
			 struct image_access *out, struct keg_err *err)
{
	struct platform platform = { 0 };

	if (args->platform && (args->os || args->arch || args->variant))
		return keg_fail(err, KEG_EUSAGE,
				"--platform option can not be specified with "
				"--arch or --os");
	if (args->platform) {
		int r = platform_parse(args->platform, &engine->arena, &platform, err);

		if (r < 0)
			return r;
	} else {
		platform = (struct platform){ .os = args->os,
					      .architecture = args->arch,
					      .variant = args->variant };
		platform_normalize(&platform);
	}
	out->os = platform.os;
	out->arch = platform.architecture;
	out->variant = platform.variant;
	return 0;
}

static int take_creds(struct engine *engine, const char *creds, struct image_access *out,
		      struct keg_err *err)
{
	const char *colon = strchr(creds, ':');
	size_t len = (size_t)((colon ? colon : strchr(creds, '\0')) - creds);

	if (len == 0)
		return keg_fail(err, KEG_EUSAGE, "%s can't be empty",
				*creds ? "username" : "credentials");
	out->username = keg_arena_strndup(&engine->arena, creds, len);
	/* getpass(3) asks on the terminal, without an echo. */
	out->password = keg_arena_strdup(&engine->arena, colon ? colon + 1 : getpass("Password: "));
	return 0;
}

int keg_access(struct engine *engine, const struct access_args *args,
	       const struct platform_args *platform, struct image_access *out, struct keg_err *err)
{
	struct image_access access = { 0 };
	int r = engine_enter(engine, err);

	access.graphroot = engine->storage.graphroot;
	access.runroot = engine->storage.runroot;
	access.driver = engine->storage.driver;
	access.imagestore = engine->storage.imagestore ? engine->storage.imagestore : "";
	access.rootless = engine->rootless;
	access.uid = userns_owner();
	access.storage_opts = (const char *const *)engine->storage.driver_options.v;
	access.n_storage_opts = engine->storage.driver_options.n;
	if (args) {
		access.authfile = args->authfile;
		access.cert_dir = args->cert_dir;
		access.tls_verify_given = args->tls_verify >= 0;
		access.tls_verify = args->tls_verify > 0;
	}
	if (r >= 0 && args && args->creds)
		r = take_creds(engine, args->creds, &access, err);
	if (r >= 0 && platform)
		r = take_platform(engine, platform, &access, err);
	if (r >= 0)
		*out = access;
	return r;
}
