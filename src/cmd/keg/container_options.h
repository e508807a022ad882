/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_options.h - the options that `create` and `run` share, and the way from them to a
 * container, with the pull of a missing image in between.
 */
#ifndef KEG_CMD_KEG_CONTAINER_OPTIONS_H
#define KEG_CMD_KEG_CONTAINER_OPTIONS_H

#include "cli/cli.h"
#include "cmd/keg/access.h"
#include "engine/create.h"

struct create_args {
	struct container_options o;
	struct access_args access;
	bool starts;	    /* run, as opposed to create */
	bool content_trust; /* Docker's; nothing to do */
};

extern const struct cli_opt create_rows[];

void create_args_defaults(struct create_args *args);

/* Pull if the policy says so, and container_create() for the call's operands. */
int create_container(const struct cli_call *call, struct create_args *args, struct engine *engine,
		     int *hold, struct container *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
