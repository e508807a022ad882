/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - a container that we start and stay with: for run, start -a and attach. */
#ifndef KEG_CMD_KEG_SESSION_H
#define KEG_CMD_KEG_SESSION_H

#include "engine/attach.h"
#include "engine/container.h"

/*
 * Start a locked container, stay until its end or until the user detaches, clean up. Returns
 * the exit status to leave with. `hold` is a hold on the images, which is turned into a pin
 * when the container does not end soon; -1: none.
 */
int session_start(struct container *c, const struct attach_request *req, int *hold,
		  struct keg_err *err) KEG_MUST_CHECK;

/* The same for one that runs already. */
int session_attach(struct container *c, struct attach_request *req,
		   struct keg_err *err) KEG_MUST_CHECK;

/*
 * Of a container that ended before the hold was turned into a pin, and stays: do it now.
 * Nothing for one that is gone, or is removed at its end.
 */
void session_pin(struct container *c, int *hold);

/* Which streams: `attach` is what -a says, empty: stdout and stderr, and stdin if interactive. */
int session_streams(const struct keg_strv *attach, bool interactive, struct attach_request *out,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
