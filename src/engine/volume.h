/* SPDX-License-Identifier: Apache-2.0 */
/* volume.h - named volumes: <volumes>/<name>/_data, as Podman lays them out. */
#ifndef KEG_ENGINE_VOLUME_H
#define KEG_ENGINE_VOLUME_H

#include <stdint.h>

#include "engine/engine.h"
#include "engine/volume_spec.h"

/*
 * Make the volumes that `list` names, choosing names for anonymous ones, which are then in
 * `source`. They are locked against removal until engine_close(). A new volume gets what the image
 * has at its place in the tree `rootfd`.
 */
int volume_prepare(struct engine *engine, struct volume_list *list, int rootfd,
		   struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* U: give what is mounted with that option to a user. */
int volume_chown(struct engine *engine, const struct volume_list *list, uint32_t uid, uint32_t gid,
		 struct keg_err *err) KEG_MUST_CHECK;

/* The volumes that there are, the peers' included, sorted; appended. */
int volume_names(struct engine *engine, struct keg_strv *out, struct keg_err *err) KEG_MUST_CHECK;

/* Did keg make it? */
bool volume_is_ours(const struct engine *engine, const char *name);

/*
 * A descriptor that keeps new containers from using the volume until it is closed. KEG_EBUSY
 * while a command makes a container with it; those on record are the caller's to look for,
 * after this.
 */
int volume_lock_unused(const struct engine *engine, const char *name,
		       struct keg_err *err) KEG_MUST_CHECK;

/* Remove one; what is gone already is fine. */
int volume_remove(struct engine *engine, const char *name, struct keg_err *err) KEG_MUST_CHECK;

#endif
