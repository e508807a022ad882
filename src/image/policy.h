/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - policy.json (containers-policy.json(5)): which images may be used at all.
 * insecureAcceptAnything and reject are carried out; a scope that asks for signatures
 * (signedBy, sigstoreSigned) refuses the image and says that this build cannot verify them.
 */
#ifndef KEG_IMAGE_POLICY_H
#define KEG_IMAGE_POLICY_H

#include "image/transport.h"

/* Read the policy of `access` and ask it about the source image. KEG_EDENIED when it says no. */
int image_policy_check(const struct image_access *access, const struct image_transport *transport,
		       const char *rest, struct keg_err *err) KEG_MUST_CHECK;

#endif
