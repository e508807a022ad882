/* SPDX-License-Identifier: Apache-2.0 */
/* login_key.h - the operand of login and logout: under which name credentials are kept. */
#ifndef KEG_CMD_KEGCOPY_LOGIN_KEY_H
#define KEG_CMD_KEGCOPY_LOGIN_KEY_H

#include "base/err.h"

/*
 * "host[:port]", or with a path a repository or what is above several; of a URL the host. The
 * caller frees.
 */
int login_key(const char *operand, char **out, struct keg_err *err) KEG_MUST_CHECK;

#endif
