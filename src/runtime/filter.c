/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/filter.h"

#include <fcntl.h>

#include "base/file.h"
#include "runtime/state.h"

static struct seccomp_rule *rules_of(const struct oci_seccomp *config, struct keg_arena *arena)
{
	struct seccomp_rule *rules = keg_arena_alloc(arena, config->n_syscalls + 1, sizeof *rules);

	for (size_t i = 0; i < config->n_syscalls; i++) {
		const struct oci_syscall *from = &config->syscalls[i];
		struct seccomp_arg *args = keg_arena_alloc(arena, from->n_args + 1, sizeof *args);

		for (size_t j = 0; j < from->n_args; j++)
			args[j] = (struct seccomp_arg){ from->args[j].index, from->args[j].value,
							from->args[j].value_two, from->args[j].op };
		rules[i] = (struct seccomp_rule){
			.names = from->names,
			.n_names = from->n_names,
			.action = from->action,
			.errno_ret = from->errno_ret,
			.args = args,
			.n_args = from->n_args,
		};
	}
	return rules;
}

int filter_get(const struct runtime_context *ctx, const struct oci_seccomp *config,
	       struct seccomp_filter *out, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };

	if (!config)
		return 0;
	const struct seccomp_profile profile = {
		.default_action = config->default_action,
		.default_errno_ret = config->default_errno_ret,
		.architectures = config->architectures,
		.n_architectures = config->n_architectures,
		.flags = config->flags,
		.n_flags = config->n_flags,
		.rules = rules_of(config, &arena),
		.n_rules = config->n_syscalls,
	};
	int r = seccomp_filter_get(&profile, ctx->seccomp_cache, out, err);
	if (r < 0)
		return keg_wrap(err, "seccomp");
	if (out->notify && keg_str_empty(config->listener_path)) {
		seccomp_filter_done(out);
		return keg_fail(err, KEG_EUSAGE,
				"seccomp: a rule notifies, but no listenerPath is "
				"set");
	}
	return 1;
}

int filter_save(int folder, const struct seccomp_filter *filter, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	seccomp_filter_format(filter, STATE_FILTER, sizeof STATE_FILTER, &text);
	autofd int fd = keg_open_at(folder, STATE_FILTER, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	return fd < 0 ? fd : keg_write_all(fd, text.data, text.len, err);
}

int filter_load(int folder, struct seccomp_filter *out, struct keg_err *err)
{
	autofd int fd = keg_open_at(folder, STATE_FILTER, O_RDONLY, 0, err);

	if (fd == -KEG_ENOTFOUND)
		return 0;
	int r = fd < 0 ? fd : seccomp_filter_read(fd, out, err);
	return r < 0 ? r : 1;
}
