/* SPDX-License-Identifier: Apache-2.0 */
/*
 * referrers.h - who refers to a manifest by its `subject` (distribution-spec 1.1, "Pushing
 * Manifests with Subject").
 *
 * A registry that keeps that list says so in its answer to the manifest. For others the client
 * keeps it, as an index under a tag that is made of the subject's digest.
 */
#ifndef KEG_REGISTRY_REFERRERS_H
#define KEG_REGISTRY_REFERRERS_H

#include <stddef.h>

#include "registry/registry.h"

/*
 * The manifest was put, and the registry does not keep the list: if it has a subject, it is added
 * to that one's index. Two clients that do so at the same moment may lose one's entry: the
 * protocol has no way to prevent it.
 */
int registry_referrers_add(struct registry_repo *repo, const void *manifest, size_t len,
			   const char *media_type, struct keg_err *err) KEG_MUST_CHECK;

#endif
