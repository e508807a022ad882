/* SPDX-License-Identifier: Apache-2.0 */
/* config_change.h - "CMD [...]", "ENV A=b", ...: Dockerfile lines applied to a configuration. */
#ifndef KEG_IMAGE_CONFIG_CHANGE_H
#define KEG_IMAGE_CONFIG_CHANGE_H

#include "base/err.h"
#include "base/mem.h"
#include "spec/image_config.h"

/*
 * CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. Also
 * "CMD=value" as the peers allow. KEG_EUSAGE for anything else. New text is in the arena.
 */
int image_config_change(struct image_run_config *config, const char *line, struct keg_arena *arena,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
