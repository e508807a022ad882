/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/filter.h"

#include <fcntl.h>

#include "base/file.h"
#include "runtime/annotations.h"
#include "runtime/state.h"
#include "spec/seccomp_profile.h"

/* The engine's own: when it cannot be had there is no container, rather than one without. */
static int read_compiled(const char *path, struct seccomp_filter *out, struct keg_err *err)
{
	autofd int fd = keg_open_at(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	int r = fd < 0 ? fd : seccomp_filter_read(fd, out, err);

	if (r >= 0 && out->notify) {
		seccomp_filter_done(out);
		r = keg_fail(err, KEG_EUSAGE, "a rule of %s notifies", path);
	}
	return r < 0 ? keg_wrap(err, "seccomp") : 1;
}

static void say_flags(const struct runtime_context *ctx, const struct seccomp_filter *filter)
{
	if (!ctx->debug)
		return;
	autofree char *text =
		keg_printf("seccomp filter flags: %u", seccomp_filter_load_flags(filter));
	ctx->debug(ctx->sink, text);
}

int filter_get(const struct runtime_context *ctx, const struct oci_config *config,
	       struct seccomp_filter *out, struct keg_err *err)
{
	const struct oci_seccomp *rules = config->os->seccomp;
	const char *compiled = oci_annotation(config, SECCOMP_FILTER_ANNOTATION);
	auto(keg_arena) arena = { 0 };
	struct seccomp_profile profile;

	if (!rules)
		return compiled ? read_compiled(compiled, out, err) : 0;
	seccomp_profile_from_config(rules, &profile, &arena);
	int r = oci_annotation(config, ANNOTATION_SECCOMP_UNKNOWN)
			? seccomp_profile_check_names(&profile, err)
			: 0;
	if (r >= 0)
		r = seccomp_filter_get(&profile, ctx->seccomp_cache, out, err);
	if (r < 0)
		return keg_wrap(err, "seccomp");
	/* The specification's agent hears of filters with such a rule; crun's of each. */
	if (ctx->as_crun && !keg_str_empty(rules->listener_path))
		out->notify = true;
	say_flags(ctx, out);
	if (out->notify && keg_str_empty(rules->listener_path)) {
		seccomp_filter_done(out);
		return keg_fail(err, KEG_EUSAGE,
				"seccomp: a rule notifies, but no listenerPath is set");
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
