/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was accepted must be emitted so that it is accepted again, and means the same. Then all is
 * done with it that the runtime does before it makes anything: it is checked, and turned into
 * mount options, limits and a seccomp profile.
 */
#include <stdlib.h>
#include <string.h>

#include "os/namespace.h"
#include "runtime/limits.h"
#include "runtime/mount_opts.h"
#include "runtime/validate.h"
#include "spec/runtime_config.h"
#include "spec/seccomp_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void emit_again(struct oci_config *config, struct keg_arena *arena)
{
	auto(keg_buf) once = { 0 }, twice = { 0 };
	struct keg_err err;
	autojson first = oci_config_encode(config);

	keg_json_print(first, &once);
	if (oci_config_decode(first, config, arena, &err) < 0)
		abort();
	autojson second = oci_config_encode(config);
	keg_json_print(second, &twice);
	if (strcmp(keg_buf_text(&once), keg_buf_text(&twice)) != 0)
		abort();
}

/* As join_open() does it, but for the opening of files. */
static struct join join_of(const struct oci_linux *os)
{
	struct join join = { 0 };

	for (size_t i = 0; i < os->n_namespaces; i++) {
		const struct namespace_kind *kind = namespace_find(os->namespaces[i].type);

		if (kind)
			join.fresh |= kind->flag;
	}
	return join;
}

static void translate(const struct oci_config *config, struct keg_arena *arena)
{
	struct keg_err err;
	struct cgroup_resources limits;
	struct seccomp_profile profile;

	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *m = &config->mounts[i];
		struct mount_opts opts;

		mount_opts_parse(&opts, m->options, m->n_options, arena);
	}
	if (config->os->resources)
		(void)!limits_translate(config->os->resources, true, &limits, arena, &err);
	if (config->os->seccomp)
		seccomp_profile_from_config(config->os->seccomp, &profile, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct runtime_context ctx = { .root = "/nosuch" };
	auto(keg_arena) arena = { 0 };
	struct oci_config config;
	struct keg_err err;

	if (oci_config_parse((const char *)data, size, &config, &arena, &err) < 0)
		return 0;
	emit_again(&config, &arena);
	if (!config.process || !config.root || !config.os)
		return 0;
	struct join join = join_of(config.os);
	if (validate_config(&ctx, &config, &join, &err) >= 0)
		translate(&config, &arena);
	return 0;
}
