/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of requirements for an image is that of the most specific scope that is there; all
 * of it must agree. Where the machine has no policy.json at all, anything is accepted, as the
 * file that distributions ship says: a fresh machine has not been configured, and a
 * policy that is wanted is a file that exists.
 */
#include "image/policy.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#define SYSTEM_POLICY "/etc/containers/policy.json"
enum { POLICY_BYTES_MAX = 4 << 20 };

/* The file to read, or NULL when there is none; one that was named need not exist yet. */
static char *policy_path(const struct image_access *access)
{
	const char *home = getenv("HOME");

	if (access->policy)
		return keg_strdup(access->policy);
	if (home) {
		autofree char *own = keg_path_join(home, ".config/containers/policy.json");
		if (keg_exists(AT_FDCWD, own))
			return take_ptr(&own);
	}
	return keg_exists(AT_FDCWD, SYSTEM_POLICY) ? keg_strdup(SYSTEM_POLICY) : NULL;
}

static struct json_object *find_requirements(struct json_object *policy,
					     const struct image_transport *transport,
					     const struct keg_strv *scopes)
{
	struct json_object *of_transport =
		keg_json_get(keg_json_get(policy, "transports"), transport->name);
	struct json_object *found = NULL;

	for (size_t i = 0; i < scopes->n && !found; i++)
		found = keg_json_get(of_transport, scopes->v[i]);
	if (!found)
		found = keg_json_get(of_transport, "");
	return found ? found : keg_json_get(policy, "default");
}

static int check_one(const char *type, const char *image, const char *path, struct keg_err *err)
{
	if (keg_str_eq(type, "insecureAcceptAnything"))
		return 0;
	if (keg_str_eq(type, "reject"))
		return keg_fail(err, KEG_EDENIED,
				"Source image rejected: Running image %s is rejected by policy.",
				image);
	if (keg_str_eq(type, "signedBy") || keg_str_eq(type, "signedBaseLayer") ||
	    keg_str_eq(type, "sigstoreSigned")) {
		keg_fail(err, KEG_EDENIED,
			 "Source image rejected: %s wants %s for %s, and signatures cannot be "
			 "verified by this build",
			 path, type, image);
		return keg_hint(err, "change the policy for this image, or use --policy");
	}
	return keg_fail(err, KEG_ECORRUPT,
			"invalid policy in \"%s\": Unknown policy requirement "
			"type \"%s\"",
			path, type);
}

static int check_all(struct json_object *requirements, const char *image, const char *path,
		     struct keg_err *err)
{
	if (!json_object_is_type(requirements, json_type_array) ||
	    json_object_array_length(requirements) == 0)
		return keg_fail(err, KEG_ECORRUPT,
				"invalid policy in \"%s\": List of verification policy "
				"requirements must not be empty",
				path);
	for (size_t i = 0; i < json_object_array_length(requirements); i++) {
		struct json_object *one = json_object_array_get_idx(requirements, i);

		int r = check_one(keg_json_str(one, "type", ""), image, path, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int image_policy_check(const struct image_access *access, const struct image_transport *transport,
		       const char *rest, struct keg_err *err)
{
	if (access->insecure_policy)
		return 0;

	autofree char *path = policy_path(access);
	if (!path) {
		keg_debug("no policy.json: any image is accepted");
		return 0;
	}

	autojson policy = NULL;
	int r = keg_json_read(AT_FDCWD, path, POLICY_BYTES_MAX, &policy, err);
	if (r < 0)
		return keg_wrap(err, "Error loading trust policy");

	auto(keg_strv) scopes = { 0 };
	r = transport->scopes(rest, &scopes, err);
	if (r < 0)
		return r;
	autofree char *image = keg_printf("%s:%s", transport->name, rest);
	return check_all(find_requirements(policy, transport, &scopes), image, path, err);
}
