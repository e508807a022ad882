/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of requirements for an image is that of the most specific scope that is there; all
 * of it must agree. Where the machine has no policy.json at all, anything is accepted, as the
 * file that distributions ship says: a fresh machine has not been configured, and a
 * policy that is wanted is a file that exists.
 */
#include "image/policy.h"

#include "base/log.h"
#include "base/mem.h"
#include "image/policy_file.h"
#include "image/policy_signed.h"

struct image_policy {
	struct policy_file *file;
	const struct policy_rules *rules; /* of the file */
	char *name;			  /* "transport:details", for messages */
};

void image_policy_free(struct image_policy *policy)
{
	policy_file_free(policy->file);
	free(policy->name);
	free(policy);
}

static int rejected(const struct image_policy *policy, struct keg_err *err)
{
	return keg_fail(err, KEG_EDENIED,
			"Source image rejected: Running image %s is rejected by policy.",
			policy->name);
}

static bool has_rule(const struct policy_rules *rules, enum policy_type type)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->v[i].type == type)
			return true;
	}
	return false;
}

static bool verifies(const struct policy_rules *rules)
{
	return has_rule(rules, POLICY_SIGNED_BY) || has_rule(rules, POLICY_SIGSTORE);
}

bool image_policy_wants_signatures(const struct image_policy *policy)
{
	return policy && verifies(policy->rules);
}

static int unsigned_image(const char *name, struct keg_err *err)
{
	return keg_fail(err, KEG_EDENIED,
			"Source image rejected: No signature verification policy found for image "
			"%s",
			name);
}

int image_policy_open(const struct image_access *access, const struct image_transport *transport,
		      const char *rest, struct image_policy **out, struct keg_err *err)
{
	autofree char *path = access->insecure_policy ? NULL : policy_file_path(access->policy);
	autoptr(policy_file) file = NULL;
	auto(keg_strv) scopes = { 0 };

	*out = NULL;
	autofree char *name = keg_printf("%s:%s", transport->name, rest);
	if (!path && access->require_signed)
		return unsigned_image(name, err);
	if (!path) {
		keg_debug("no policy.json: any image is accepted");
		return 0;
	}
	int r = policy_file_read(path, &file, err);
	if (r < 0)
		return keg_wrap(err, "Error loading trust policy");
	r = transport->scopes(rest, access, &scopes, err);
	if (r < 0)
		return r;

	autoptr(image_policy) policy = keg_alloc(1, sizeof *policy);
	policy->file = take_ptr(&file);
	policy->rules = policy_file_find(policy->file, transport->name, &scopes);
	policy->name = take_ptr(&name);
	/* All must agree, so one that never does decides. */
	if (has_rule(policy->rules, POLICY_REJECT))
		return rejected(policy, err);
	if (access->require_signed && !verifies(policy->rules))
		return unsigned_image(policy->name, err);
	*out = take_ptr(&policy);
	return 0;
}

/* A requirement of any kind against the image. */
static int check_rule(const struct image_policy *policy, const struct policy_rule *rule,
		      const struct policy_image *image, struct keg_err *err)
{
	switch (rule->type) {
	case POLICY_ACCEPT:
		return 0;
	case POLICY_REJECT:
		return rejected(policy, err);
	case POLICY_SIGNED_BY:
	case POLICY_SIGSTORE: {
		int r = policy_signed_check(rule, image, err);
		return r < 0 ? keg_wrap(err, "Source image rejected") : 0;
	}
	case POLICY_SIGNED_BASE_LAYER:
		break;
	}
	/* The peers know the word and have never built it. */
	return keg_fail(err, KEG_EDENIED,
			"Source image rejected: signedBaseLayer is not implemented, and refuses "
			"any image");
}

int image_policy_check(const struct image_policy *policy, const struct policy_image *image,
		       struct keg_err *err)
{
	for (size_t i = 0; policy && i < policy->rules->n; i++) {
		int r = check_rule(policy, &policy->rules->v[i], image, err);
		if (r < 0)
			return r;
	}
	return 0;
}
