/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/builtin.h"

#include <fcntl.h>

#include "base/file.h"
#include "monitor/daemon.h"
#include "os/namespace.h"
#include "runtime/runtime.h"

enum { SPEC_MAX = 1024 * 1024 };

static int create(const struct launch *launch, const struct runtime_context *ctx,
		  const struct runtime_io *io, struct keg_err *err)
{
	const struct monitor_options *opt = launch->opt;
	const struct runtime_create_request req = {
		.bundle = opt->bundle,
		.rootfs = (int)opt->rootfs_fd,
		.io = *io,
		.pid_file = launch->pidfile,
		.no_pivot = opt->no_pivot,
		.no_new_keyring = opt->no_new_keyring,
	};

	return runtime_create(ctx, opt->cid, &req, NULL, err);
}

static int exec(const struct launch *launch, const struct runtime_context *ctx,
		const struct runtime_io *io, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct oci_process process = { 0 };
	const struct runtime_exec_request req = {
		.process = &process,
		.io = *io,
		.pid_file = launch->pidfile,
		.detach = true,
	};

	if (keg_file_read(AT_FDCWD, launch->opt->exec_spec, SPEC_MAX, &text, err) < 0 ||
	    oci_process_parse(text.data, text.len, &process, &arena, err) < 0)
		return -(int)err->code;
	return runtime_exec(ctx, launch->opt->cid, &req, err);
}

int builtin_run(const struct launch *launch, int errors)
{
	autofree char *cache = runtime_default_cache();
	const struct runtime_context ctx = {
		.root = launch->opt->runtime_root,
		.seccomp_cache = cache,
		.rootless = geteuid() != 0 || namespace_user_is_partial(),
		.no_cgroups = launch->opt->no_cgroups,
	};
	const struct runtime_io io = {
		.console_socket = launch->console_socket,
		.console_fd = -1,
	};
	const int keep[] = { (int)launch->opt->rootfs_fd, errors };
	struct keg_err err = { 0 }, ignored;

	/* The container's first process is a fork of us, and waits without an exec. */
	daemon_close_own(keep, KEG_COUNT(keep));
	int r = launch->opt->exec ? exec(launch, &ctx, &io, &err) : create(launch, &ctx, &io, &err);

	if (r >= 0)
		return 0;
	/* Smaller than PIPE_BUF, so whole or not at all. */
	(void)!keg_write_all(errors, &err, sizeof err, &ignored);
	return 1;
}
