/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - which images may be used at all, as policy.json says (policy_file.h). What an
 * image's signatures are worth is decided in policy_signed.c and policy_sigstore.c.
 */
#ifndef KEG_IMAGE_POLICY_H
#define KEG_IMAGE_POLICY_H

#include "image/transport.h"

/* What holds for the images that one name may mean. */
struct image_policy;

/*
 * Read the policy of `access` and find what it says of the name; one that is rejected whatever
 * its signatures is KEG_EDENIED here, before anything is asked of a network. *out is NULL where
 * anything is accepted.
 */
int image_policy_open(const struct image_access *access, const struct image_transport *transport,
		      const char *rest, struct image_policy **out,
		      struct keg_err *err) KEG_MUST_CHECK;
void image_policy_free(struct image_policy *policy);
KEG_AUTOPTR(image_policy, image_policy_free)

/* One manifest and what is known of it; `sigs` are not verified yet. */
struct policy_image {
	const char *reference; /* its docker name, or NULL */
	const void *manifest;
	size_t len;
	const struct signatures *sigs;
};

/* May it be used? KEG_EDENIED with the peers' "Source image rejected: ..." when not. */
int image_policy_check(const struct image_policy *policy, const struct policy_image *image,
		       struct keg_err *err) KEG_MUST_CHECK;

/* Does anything depend on signatures? */
bool image_policy_wants_signatures(const struct image_policy *policy);

#endif
