/* SPDX-License-Identifier: Apache-2.0 */
/*
 * short_names.h - "debian" into the full names that it may stand for, as
 * containers-registries.conf(5) describes under "Short-Name Aliasing".
 */
#ifndef KEG_REGISTRY_SHORT_NAMES_H
#define KEG_REGISTRY_SHORT_NAMES_H

#include "base/strv.h"
#include "registry/config.h"

struct registry_candidates {
	struct keg_strv names; /* "host/path[:tag][@digest]", in the order to try */
	char *note;	       /* what to tell the user before the first try, or NULL:
				  Resolved "x" as an alias (FILE) */
	char *record; /* after a pull: the name for registry_short_name_record(), or NULL */
};
void registry_candidates_done(struct registry_candidates *out);
KEG_AUTO(registry_candidates, registry_candidates_done)

/*
 * Lets the user choose one of `n` full names on a terminal: the index, or negative with *err
 * filled.
 */
typedef int registry_choose(void *ctx, const char *name, const char *const *choices, size_t n,
			    struct keg_err *err);

/*
 * `name` is what the user typed, with or without tag and digest. A full name is returned as
 * it is (docker.io/x becomes docker.io/library/x). No tag is added. `choose` NULL: there is
 * no terminal.
 */
int registry_short_name_resolve(const struct registry_config *config, const char *name,
				registry_choose *choose, void *ctx, struct registry_candidates *out,
				struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remember what the user chose: /var/cache/containers/short-name-aliases.conf, for an
 * ordinary user ~/.cache/containers/short-name-aliases.conf.
 */
int registry_short_name_record(const char *name, const char *full,
			       struct keg_err *err) KEG_MUST_CHECK;

#endif
