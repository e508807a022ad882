/* SPDX-License-Identifier: Apache-2.0 */
/* keg image - the commands for images, under one name. */
#include "cmd/keg/commands.h"

static const struct cli_cmd *const image_commands[] = {
	&cmd_image_exists, &cmd_import,	     &cmd_image_inspect, &cmd_image_list, &cmd_load,
	&cmd_image_prune,  &cmd_pull,	     &cmd_push,		 &cmd_save,	  &cmd_image_rm,
	&cmd_image_sign,   &cmd_image_trust, &cmd_tag,		 &cmd_untag,	  NULL,
};

const struct cli_cmd cmd_image = {
	.name = "image",
	.summary = "Manage images",
	.subcommands = image_commands,
};
