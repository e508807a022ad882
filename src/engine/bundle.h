/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - the run folder as the runtime wants it: config.json and the files that it
 * mounts, made again after a boot, with the places of other containers' namespaces filled in.
 */
#ifndef KEG_ENGINE_BUNDLE_H
#define KEG_ENGINE_BUNDLE_H

#include "engine/container.h"

/*
 * Make c->run a complete bundle. A container whose namespaces are joined must run: KEG_EBUSY
 * otherwise.
 */
int bundle_prepare(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

#endif
