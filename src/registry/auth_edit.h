/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_edit.h - what login and logout change: auth.json and credential helpers. Two that run at
 * once wait for each other, and a reader sees the file before or after, never between.
 */
#ifndef KEG_REGISTRY_AUTH_EDIT_H
#define KEG_REGISTRY_AUTH_EDIT_H

#include "registry/auth_file.h"

/* Where credentials are kept. Borrowed. */
struct auth_keeper {
	const char *authfile, *compat;	/* auth_site_find() */
	const struct keg_strv *helpers; /* credential-helpers of registries.conf; may be NULL */
};

/*
 * Keep user name and password for `key` ("host[:port][/path]") in the first place that takes
 * them. *place (the caller frees) is a path or "credential helper: NAME". Helpers and Docker's
 * format know hosts only: a key with a path is KEG_EUSAGE there.
 */
int registry_auth_store(const struct auth_keeper *keeper, const char *key,
			const struct registry_creds *creds, char **place,
			struct keg_err *err) KEG_MUST_CHECK;

/* Forget `key` in all places; what covers it (a shorter key) stays. 1 done, 0 there was none. */
int registry_auth_erase(const struct auth_keeper *keeper, const char *key,
			struct keg_err *err) KEG_MUST_CHECK;
/* Forget everything. Which helper is for which registry is no secret and stays. */
int registry_auth_erase_all(const struct auth_keeper *keeper, struct keg_err *err) KEG_MUST_CHECK;

#endif
