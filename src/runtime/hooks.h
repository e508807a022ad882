/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - programs that the config wants run at points of a container's life. */
#ifndef KEG_RUNTIME_HOOKS_H
#define KEG_RUNTIME_HOOKS_H

#include "runtime/state.h"

enum hooks_kind {
	HOOKS_PRESTART,
	HOOKS_CREATE_RUNTIME,
	HOOKS_CREATE_CONTAINER,
	HOOKS_START_CONTAINER,
	HOOKS_POSTSTART,
	HOOKS_POSTSTOP
};

/* Files of the host that take what hooks say, or -1: it goes into the error of one that fails. */
struct hooks_output {
	int out, errfd;
};

/* As the annotations run.oci.hooks.stdout and run.oci.hooks.stderr have it. */
int hooks_output_open(const struct oci_config *config, struct hooks_output *out,
		      struct keg_err *err) KEG_MUST_CHECK;
void hooks_output_close(struct hooks_output *output);
KEG_AUTO(hooks_output, hooks_output_close)

bool hooks_any(const struct oci_config *config, enum hooks_kind kind);

struct hooks_call {
	const struct oci_config *config;
	const struct state_record *record; /* with `status` the state on stdin */
	const char *status;
	const char *const *env; /* of hooks without one; NULL: ours */
	struct hooks_output output;
	const struct runtime_context *lenient; /* who hears of failures that are none; or NULL */
};

/*
 * Run those of one kind in order. The first that fails, or exceeds its timeout and is killed, ends
 * it; where somebody is `lenient` he is warned, and the others run.
 */
int hooks_run(const struct hooks_call *call, enum hooks_kind kind,
	      struct keg_err *err) KEG_MUST_CHECK;

/* The same from outside a container, with the output opened for it: HOOKS_POSTSTART, and POSTSTOP,
 * which is lenient. */
int hooks_run_poststart(const struct oci_config *config, const struct state_record *record,
			struct keg_err *err) KEG_MUST_CHECK;
void hooks_run_poststop(const struct runtime_context *ctx, const struct oci_config *config,
			const struct state_record *record);

#endif
