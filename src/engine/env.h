/* SPDX-License-Identifier: Apache-2.0 */
/* env.h - environments as -e and --env-file write them. */
#ifndef KEG_ENGINE_ENV_H
#define KEG_ENGINE_ENV_H

#include "base/err.h"
#include "base/strv.h"

/* NAME=value as it stands; NAME with our own value, if any; NAME* all of ours that begin so. */
int env_put(struct keg_strv *env, const char *text, struct keg_err *err) KEG_MUST_CHECK;

/* The same for each line of a file; empty ones and those that begin with '#' are skipped. */
int env_put_file(struct keg_strv *env, const char *path, struct keg_err *err) KEG_MUST_CHECK;

#endif
