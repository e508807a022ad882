/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "lib/lib.h"
#include "os/namespace.h"

static const unsigned known_flags =
	KEG_RUNTIME_ROOTLESS | KEG_RUNTIME_NO_CGROUPS | KEG_RUNTIME_DEBUG | KEG_RUNTIME_SYSTEMD;

const char *keg_runtime_version(void)
{
	return KEG_VERSION;
}

int lib_take(void *out, size_t size, const void *theirs, struct keg_err *err)
{
	size_t given = *(const size_t *)theirs;
	const unsigned char *bytes = theirs;

	if (given < sizeof given || given > UINT16_MAX)
		return keg_fail(err, KEG_EUSAGE, "a struct was not made by its _INIT macro");
	for (size_t i = size; i < given; i++) {
		if (bytes[i])
			return keg_fail(err, KEG_EUNSUPPORTED,
					"asked for what libkeg %s does not know", KEG_VERSION);
	}
	memcpy(out, theirs, given < size ? given : size);
	return 0;
}

int lib_check_flags(unsigned flags, unsigned known, struct keg_err *err)
{
	if (flags & ~known)
		return keg_fail(err, KEG_EUNSUPPORTED, "flags %#x are not known", flags & ~known);
	return 0;
}

int keg_runtime_new(const struct keg_runtime_options *options, struct keg_runtime **out,
		    struct keg_runtime_error **error)
{
	struct keg_runtime_options o = KEG_RUNTIME_OPTIONS_INIT;
	struct keg_err err = { 0 };
	int r = options ? lib_take(&o, sizeof o, options, &err) : 0;

	if (r >= 0)
		r = lib_check_flags(o.flags, known_flags, &err);
	if (r < 0)
		return lib_fail(error, &err);
	if (geteuid() != 0 || namespace_user_is_partial())
		o.flags |= KEG_RUNTIME_ROOTLESS;
	struct keg_runtime *rt = keg_alloc(1, sizeof *rt);
	*rt = (struct keg_runtime){
		.root = o.root ? keg_strdup(o.root) : runtime_default_root(),
		.cache = runtime_default_cache(),
		.program = o.program ? keg_strdup(o.program) : keg_path_join(KEG_BINDIR, "kegrun"),
		.flags = o.flags,
		.log = o.log,
		.data = o.data,
	};
	*out = rt;
	return 0;
}

void keg_runtime_free(struct keg_runtime *rt)
{
	if (!rt)
		return;
	free(rt->root);
	free(rt->cache);
	free(rt->program);
	free(rt);
}

static void warn(void *sink, const char *text)
{
	const struct keg_runtime *rt = sink;

	rt->log(rt->data, KEG_RUNTIME_LOG_WARNING, text);
}

static void debug(void *sink, const char *text)
{
	const struct keg_runtime *rt = sink;

	rt->log(rt->data, KEG_RUNTIME_LOG_DEBUG, text);
}

struct runtime_context lib_context(const struct keg_runtime *rt)
{
	return (struct runtime_context){
		.root = rt->root,
		.seccomp_cache = rt->cache,
		.rootless = rt->flags & KEG_RUNTIME_ROOTLESS,
		.no_cgroups = rt->flags & KEG_RUNTIME_NO_CGROUPS,
		.warn = rt->log ? warn : NULL,
		.debug = rt->log && rt->flags & KEG_RUNTIME_DEBUG ? debug : NULL,
		.sink = (void *)(uintptr_t)rt,
	};
}
