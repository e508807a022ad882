/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks_dir.h - programs that administrators want to be run with certain containers: the
 * JSON files of hooks.d (oci-hooks(5), version 1.0.0).
 */
#ifndef KEG_ENGINE_HOOKS_DIR_H
#define KEG_ENGINE_HOOKS_DIR_H

#include "engine/spec_gen.h"

/*
 * Add to gen->out the hooks whose conditions all hold. Of files of one name in several
 * folders that of the last folder counts. A folder that is not there is fine; a malformed file is
 * an error that names it.
 */
int hooks_dir_add(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;

#endif
