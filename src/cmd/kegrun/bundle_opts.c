/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/bundle_opts.h"

#include <fcntl.h>

#include "base/file.h"
#include "cmd/kegrun/listeners.h"

const struct cli_opt bundle_opts_rows[] = {
	OPT_STRING('b', "bundle", struct bundle_opts, bundle, "FOLDER",
		   "the bundle (default: the current folder)"),
	OPT_STRING('f', "config", struct bundle_opts, config, "FILE",
		   "the configuration (default: config.json of the bundle)"),
	OPT_STRING(0, "console-socket", struct bundle_opts, console_socket, "SOCKET",
		   "send the terminal to the listener of a Unix socket"),
	OPT_STRING(0, "pidfd-socket", struct bundle_opts, pidfd_socket, "SOCKET",
		   "send the process' pidfd to the listener of a Unix socket"),
	OPT_STRING(0, "pid-file", struct bundle_opts, pid_file, "FILE",
		   "write the process' id to a file"),
	OPT_FLAG(0, "no-pivot", struct bundle_opts, no_pivot,
		 "do not use pivot_root, as on a ramdisk"),
	OPT_FLAG(0, "no-new-keyring", struct bundle_opts, no_new_keyring,
		 "keep the caller's session keyring"),
	OPT_FLAG(0, "no-subreaper", struct bundle_opts, no_subreaper,
		 "accepted: this runtime never adopts other processes"),
	OPT_UINT(0, "preserve-fds", struct bundle_opts, preserve_fds, "N",
		 "pass N further descriptors from 3 on"),
	OPT_END,
};

static int pass_listeners(const struct bundle_opts *opts, struct runtime_create_request *req,
			  unsigned n, struct keg_arena *arena, struct keg_err *err)
{
	struct oci_config *config = keg_arena_alloc(arena, 1, sizeof *config);
	autofree char *path = keg_path_join(opts->bundle ? opts->bundle : ".", "config.json");
	int r = oci_config_read(AT_FDCWD, opts->config ? opts->config : path, config, arena, err);

	if (r < 0)
		return r;
	req->config = config;
	if (config->process)
		listeners_announce(n, config->process, arena);
	return 0;
}

int bundle_opts_request(const struct bundle_opts *opts, struct runtime_create_request *req,
			struct keg_arena *arena, struct keg_err *err)
{
	const unsigned n = listeners_count();

	*req = (struct runtime_create_request){
		.bundle = opts->bundle,
		.config_path = opts->config,
		.rootfs = -1,
		.io = { .console_socket = opts->console_socket,
			.pidfd_socket = opts->pidfd_socket,
			.console_fd = -1,
			.preserve_fds = (unsigned)opts->preserve_fds },
		.pid_file = opts->pid_file,
		.no_pivot = opts->no_pivot,
		.no_new_keyring = opts->no_new_keyring,
	};
	if (opts->preserve_fds > UINT16_MAX)
		return keg_fail(err, KEG_EUSAGE, "--preserve-fds is too large");
	if (n == 0)
		return 0;
	req->io.preserve_fds += n;
	return pass_listeners(opts, req, n, arena, err);
}
