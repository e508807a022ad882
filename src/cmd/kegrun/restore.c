/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun restore - named, so that it is refused with the reason. */
#include "cmd/kegrun/commands.h"

const struct cli_cmd kegrun_restore = {
	.name = "restore",
	.operands = "CONTAINER",
	.summary =
		"Continue a saved container: not supported, as runc restore and crun restore are",
	.hidden = true,
	.refused = "this build has no checkpoint/restore (CRIU)",
};
