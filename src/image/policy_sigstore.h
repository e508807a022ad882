/* SPDX-License-Identifier: Apache-2.0 */
/* policy_sigstore.h - one signature against a requirement sigstoreSigned; for policy_signed.c. */
#ifndef KEG_IMAGE_POLICY_SIGSTORE_H
#define KEG_IMAGE_POLICY_SIGSTORE_H

#include "image/policy_signed.h"

/* What a rule trusts, read once for all signatures. */
struct sigstore_trust;
int sigstore_trust_open(const struct policy_rule *rule, struct sigstore_trust **out,
			struct keg_err *err) KEG_MUST_CHECK;
void sigstore_trust_free(struct sigstore_trust *trust);
KEG_AUTOPTR(sigstore_trust, sigstore_trust_free)

/* KEG_EDENIED says why it will not do. */
int sigstore_trust_check(const struct sigstore_trust *trust, const struct policy_image *image,
			 const struct signature *sig, struct keg_err *err) KEG_MUST_CHECK;

#endif
