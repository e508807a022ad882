/* SPDX-License-Identifier: Apache-2.0 */
/* login.h - does a registry accept a user name and a password? */
#ifndef KEG_REGISTRY_LOGIN_H
#define KEG_REGISTRY_LOGIN_H

#include "registry/registry.h"

/*
 * Ask the registry that `repo` (with an empty path, or any) is on, with the client's
 * credentials. KEG_EAUTH when it refuses them. One that asks for nothing accepts everybody.
 */
int registry_login_check(struct registry_repo *repo, struct keg_err *err) KEG_MUST_CHECK;

#endif
