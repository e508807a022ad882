/* SPDX-License-Identifier: Apache-2.0 */
/* policy.json, and then a name that it is asked about. */
#include <stdint.h>

#include "image/policy_file.h"
#include "image/policy_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoptr(policy_file) file = NULL;
	auto(keg_strv) scopes = { 0 };
	struct keg_err err;

	if (policy_file_parse((const char *)data, size, &file, &err) < 0)
		return 0;
	keg_strv_add(&scopes, "q.io/a:1");
	keg_strv_add(&scopes, "q.io");
	const struct policy_rules *rules = policy_file_find(file, "docker", &scopes);
	for (size_t i = 0; i < rules->n; i++)
		(void)!policy_identity_matches(rules->v[i].identity, "q.io/a:1", "r.io/b:2");
	return 0;
}
