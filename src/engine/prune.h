/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.h - removing what nothing uses: containers that do not run, images, volumes.
 *
 * The filters are Podman's for these commands: label, label! and until. What is used or
 * locked meanwhile is passed over.
 */
#ifndef KEG_ENGINE_PRUNE_H
#define KEG_ENGINE_PRUNE_H

#include <stdint.h>

#include "engine/engine.h"

struct prune_request {
	bool all;      /* images: also those with a name */
	bool external; /* images: also those that only the peers' containers use, with these */
	const struct keg_strv *filters;
};

struct prune_result {
	struct keg_strv removed; /* ids, or names of volumes */
	uint64_t bytes;		 /* what they took */
	struct keg_strv errors;	 /* why something stayed, one line each */
};
void prune_result_done(struct prune_result *result);
KEG_AUTO(prune_result, prune_result_done)

/* Each appends to *out. */
int prune_containers(struct engine *engine, const struct prune_request *want,
		     struct prune_result *out, struct keg_err *err) KEG_MUST_CHECK;
int prune_images(struct engine *engine, const struct prune_request *want, struct prune_result *out,
		 struct keg_err *err) KEG_MUST_CHECK;
/* Only volumes that keg made: the peers' own lists say who uses theirs. */
int prune_volumes(struct engine *engine, const struct prune_request *want, struct prune_result *out,
		  struct keg_err *err) KEG_MUST_CHECK;
/* Containers in which peers build images. Not while somebody is building. */
int prune_build_containers(struct engine *engine, struct prune_result *out,
			   struct keg_err *err) KEG_MUST_CHECK;

#endif
