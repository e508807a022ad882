/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy manifest-digest - what a manifest in a file is called by. */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"
#include "spec/manifest.h"

static int manifest_digest_run(const struct cli_call *call, struct keg_err *err)
{
	const struct transfer_table *transfer;
	auto(keg_buf) manifest = { 0 };
	autofree char *digest = NULL;

	int r = keg_file_read(AT_FDCWD, call->operands[0], MANIFEST_BYTES_MAX, &manifest, err);
	if (r < 0)
		return keg_wrap(err, "Error reading manifest from %s", call->operands[0]);
	r = transfer_open(&transfer, err);
	if (r >= 0)
		r = transfer->manifest_digest(keg_buf_text(&manifest), manifest.len, &digest, err);
	if (r < 0)
		return keg_wrap(err, "Error computing digest");
	printf("%s\n", digest);
	return 0;
}

const struct cli_cmd cmd_manifest_digest = {
	.name = "manifest-digest",
	.operands = "MANIFEST-FILE",
	.summary = "Compute a manifest digest of a file",
	.min = 1,
	.max = 1,
	.completes = CLI_FILE,
	.run = manifest_digest_run,
};
