/* SPDX-License-Identifier: Apache-2.0 */
/* policy_signed.h - the requirements signedBy and sigstoreSigned: one signature must do. */
#ifndef KEG_IMAGE_POLICY_SIGNED_H
#define KEG_IMAGE_POLICY_SIGNED_H

#include "image/policy.h"
#include "image/policy_file.h"
#include "image/sign_payload.h"

/* KEG_EDENIED says why none of the image's signatures will do. */
int policy_signed_check(const struct policy_rule *rule, const struct policy_image *image,
			struct keg_err *err) KEG_MUST_CHECK;

/* The files and data of a source, in order; *out (the caller frees each and the list). */
int policy_source_load(const struct policy_source *source, struct keg_buf **out, size_t *n,
		       struct keg_err *err) KEG_MUST_CHECK;
void policy_source_unload(struct keg_buf *bufs, size_t n);

/* Of a payload whose signature is good: is it for this image, under a name that the rule takes? */
int policy_payload_check(const struct policy_rule *rule, const struct policy_image *image,
			 const struct sign_payload *payload, struct keg_err *err) KEG_MUST_CHECK;

#endif
