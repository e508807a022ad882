/* SPDX-License-Identifier: Apache-2.0 */
/* auth_helper.h - programs that keep passwords: docker-credential-NAME. */
#ifndef KEG_REGISTRY_AUTH_HELPER_H
#define KEG_REGISTRY_AUTH_HELPER_H

#include "registry/auth_file.h"

/* Ask `docker-credential-<name> get` about a server. 1 found, 0 it has none. */
int auth_helper_get(const char *name, const char *server, struct registry_creds *out,
		    struct keg_err *err) KEG_MUST_CHECK;

#endif
