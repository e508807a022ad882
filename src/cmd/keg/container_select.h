/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_select.h - which containers a command is for: names, --all, --latest, --filter,
 * --cidfile; and doing something for each of them.
 */
#ifndef KEG_CMD_KEG_CONTAINER_SELECT_H
#define KEG_CMD_KEG_CONTAINER_SELECT_H

#include "cli/cli.h"
#include "engine/container.h"

struct select_args {
	bool all, latest, ignore;
	struct keg_strv filters, cidfiles;
};

/* Rows for a struct select_args; a command takes those that its peer has. */
#define SELECT_ALL(brief, help) OPT_FLAG(brief, "all", struct select_args, all, help)
#define SELECT_LATEST                                       \
	OPT_FLAG('l', "latest", struct select_args, latest, \
		 "Act on the latest container that was made")
#define SELECT_IGNORE                                       \
	OPT_FLAG('i', "ignore", struct select_args, ignore, \
		 "Ignore errors when a specified container is missing")
#define SELECT_FILTER(brief)                                                   \
	OPT_STRINGS(brief, "filter", struct select_args, filters, "KEY=VALUE", \
		    "Filter output based on conditions given")
#define SELECT_CIDFILE                                                  \
	OPT_STRINGS(0, "cidfile", struct select_args, cidfiles, "PATH", \
		    "Read the container ID from the file")

struct select_request {
	const struct cli_call *call;
	const struct select_args *args;
	struct engine *engine;
	bool only_running;   /* --all means all that run */
	const char *nothing; /* the error when nothing was selected, or NULL: that is fine */
	/* Done for each; printed are its errors but the last, which is returned. */
	int (*each)(void *ctx, struct container *c, const char *name, struct keg_err *err);
	void *ctx;
};

int select_each(const struct select_request *req, struct keg_err *err) KEG_MUST_CHECK;

/* The one made last. KEG_ENOTFOUND when there is none. */
int select_latest(struct engine *engine, struct container *out, struct keg_err *err) KEG_MUST_CHECK;

/* The one that a command with one operand or --latest means. */
int select_one(const struct cli_call *call, bool latest, struct engine *engine,
	       struct container *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
