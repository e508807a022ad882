/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/validate.h"

#include <linux/sched.h>
#include <string.h>

#include "base/strv.h"
#include "runtime/annotations.h"
#include "runtime/credentials.h"
#include "runtime/intel_rdt.h"
#include "runtime/net_devices.h"
#include "runtime/schedule.h"
#include "runtime/sysctl.h"

enum { VERSION_MAJOR = 1 };

static int check_version(const char *version, struct keg_err *err)
{
	/* Semantic versioning: any 1.x is understood; what it adds is refused where it is met. */
	if (version[0] - '0' != VERSION_MAJOR || version[1] != '.')
		return keg_fail(err, KEG_EUSAGE, "unsupported ociVersion \"%s\"", version);
	return 0;
}

static int check_process(const struct oci_process *process, struct keg_err *err)
{
	if (process->n_args == 0)
		return keg_fail(err, KEG_EUSAGE, "args must not be empty");
	if (!keg_str_empty(process->command_line))
		return keg_fail(err, KEG_EUSAGE, "process.commandLine is for Windows only");
	if (keg_str_empty(process->cwd))
		return keg_fail(err, KEG_EUSAGE, "Cwd property must not be empty");
	if (process->cwd[0] != '/')
		return keg_fail(err, KEG_EUSAGE, "Cwd must be an absolute path");
	return 0;
}

static int check_namespaces(const struct oci_config *config, const struct join *join,
			    struct keg_err *err)
{
	const struct oci_linux *os = config->os;
	uint64_t own = join->fresh | join->existing;

	if (join->existing & CLONE_NEWNS)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"joining an existing mount namespace is not supported");
	/* Masks would be for the host as well. */
	if (!(join->fresh & CLONE_NEWNS) && (os->n_masked_paths > 0 || os->n_readonly_paths > 0))
		return keg_fail(err, KEG_EUSAGE,
				"unable to restrict sys entries without a private MNT namespace");
	if (!(join->fresh & CLONE_NEWNS) && own & CLONE_NEWUSER)
		return keg_fail(err, KEG_EUSAGE,
				"a user namespace of its own wants a mount namespace of its own");
	if (!keg_str_empty(config->hostname) && !(own & CLONE_NEWUTS))
		return keg_fail(err, KEG_EUSAGE,
				"unable to set hostname without a private UTS namespace");
	if (!keg_str_empty(config->domainname) && !(own & CLONE_NEWUTS))
		return keg_fail(err, KEG_EUSAGE,
				"unable to set domainname without a private UTS namespace");
	if (join->fresh & CLONE_NEWUSER && (os->n_uid_mappings == 0 || os->n_gid_mappings == 0))
		return keg_fail(err, KEG_EUSAGE,
				"user namespaces enabled, but no uid or gid mappings specified");
	if (!(own & CLONE_NEWUSER) && (os->n_uid_mappings > 0 || os->n_gid_mappings > 0))
		return keg_fail(err, KEG_EUSAGE,
				"user namespace mappings specified, but user namespace isn't "
				"enabled in the config");
	if (os->time_offsets && !(join->fresh & CLONE_NEWTIME))
		return keg_fail(err, KEG_EUSAGE,
				"time namespace offsets specified, but time namespace isn't "
				"enabled in the config");
	return 0;
}

int validate_supported(const struct oci_linux *os, struct keg_err *err)
{
	if (os->personality && os->personality->n_flags > 0)
		return keg_fail(err, KEG_EUNSUPPORTED, "personality flags are not supported");
	return 0;
}

static int check_mounts(const struct runtime_context *ctx, const struct oci_config *config,
			struct keg_err *err)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const char *destination = config->mounts[i].destination;

		if (keg_str_empty(destination))
			return keg_fail(err, KEG_EUSAGE, "mounts[%zu]: no destination", i);
		if (destination[0] == '/' || !ctx->warn)
			continue;
		autofree char *text = keg_printf(
			"mount destination %s is not absolute: it is taken from /", destination);
		ctx->warn(ctx->sink, text);
	}
	return 0;
}

int validate_config(const struct runtime_context *ctx, const struct oci_config *config,
		    const struct join *join, struct keg_err *err)
{
	int r = check_version(config->oci_version, err);

	if (r >= 0)
		r = annotations_check(config, err);
	if (r >= 0)
		r = check_process(config->process, err);
	if (r >= 0)
		r = schedule_check(config->process, err);
	if (r >= 0)
		r = schedule_check_memory(config->os, err);
	if (r >= 0)
		r = check_namespaces(config, join, err);
	if (r >= 0)
		r = validate_supported(config->os, err);
	if (r >= 0)
		r = rdt_check(config->os, err);
	if (r >= 0)
		r = sysctl_check(config, join, err);
	/* These warn: nothing is said of what is refused. */
	if (r >= 0)
		r = net_devices_check(ctx, config->os, join, err);
	if (r >= 0)
		r = credentials_check(ctx, config->os, config->process, err);
	return r < 0 ? r : check_mounts(ctx, config, err);
}
