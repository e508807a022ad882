/* SPDX-License-Identifier: Apache-2.0 */
/* auth_helper.h - programs that keep passwords: docker-credential-NAME. */
#ifndef KEG_REGISTRY_AUTH_HELPER_H
#define KEG_REGISTRY_AUTH_HELPER_H

#include "registry/auth_file.h"

/* Ask `docker-credential-<name> get` about a server. 1 found, 0 it has none. */
int auth_helper_get(const char *name, const char *server, struct registry_creds *out,
		    struct keg_err *err) KEG_MUST_CHECK;

/* Give it a user name and password to keep, in place of what it has for that server. */
int auth_helper_store(const char *name, const char *server, const struct registry_creds *creds,
		      struct keg_err *err) KEG_MUST_CHECK;
/* Have it forget. 1 done, 0 it had none. */
int auth_helper_erase(const char *name, const char *server, struct keg_err *err) KEG_MUST_CHECK;
/* The servers that it keeps something for; appends. */
int auth_helper_list(const char *name, struct keg_strv *servers,
		     struct keg_err *err) KEG_MUST_CHECK;

#endif
