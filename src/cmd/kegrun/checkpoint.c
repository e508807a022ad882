/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun checkpoint - named, so that it is refused with the reason. */
#include "cmd/kegrun/commands.h"

const struct cli_cmd kegrun_checkpoint = {
	.name = "checkpoint",
	.operands = "CONTAINER",
	.summary =
		"Not supported here; runc checkpoint and crun checkpoint save a container with CRIU"
		"checkpoint are",
	.hidden = true,
	.refused = "this build has no checkpoint/restore (CRIU)",
};
