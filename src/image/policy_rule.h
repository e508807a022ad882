/* SPDX-License-Identifier: Apache-2.0 */
/* policy_rule.h - one requirement of policy.json; for policy_file.c. */
#ifndef KEG_IMAGE_POLICY_RULE_H
#define KEG_IMAGE_POLICY_RULE_H

#include "image/policy_file.h"

/* What *out points to lives in the arena. */
int policy_rule_parse(struct json_object *obj, struct keg_arena *arena, struct policy_rule *out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
