/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/lib.h"

int keg_runtime_kill(const struct keg_runtime *rt, const char *id, int signal, unsigned flags,
		     struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	struct keg_err err = { 0 };
	int r = lib_check_flags(flags, KEG_RUNTIME_KILL_ALL, &err);

	if (r >= 0)
		r = runtime_kill(&ctx, id, signal, flags & KEG_RUNTIME_KILL_ALL, &err);
	return r < 0 ? lib_fail(error, &err) : 0;
}

int keg_runtime_pause(const struct keg_runtime *rt, const char *id,
		      struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	struct keg_err err = { 0 };

	return runtime_pause(&ctx, id, &err) < 0 ? lib_fail(error, &err) : 0;
}

int keg_runtime_resume(const struct keg_runtime *rt, const char *id,
		       struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	struct keg_err err = { 0 };

	return runtime_resume(&ctx, id, &err) < 0 ? lib_fail(error, &err) : 0;
}
