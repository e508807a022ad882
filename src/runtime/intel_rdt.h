/* SPDX-License-Identifier: Apache-2.0 */
/* intel_rdt.h - linux.intelRdt: the container's share of caches and memory bandwidth. */
#ifndef KEG_RUNTIME_INTEL_RDT_H
#define KEG_RUNTIME_INTEL_RDT_H

#include "runtime/state.h"

/* Can it be had here? As the specification says, only who asks for it needs a resctrl. */
int rdt_check(const struct oci_linux *os, struct keg_err *err) KEG_MUST_CHECK;

/* Make and divide the group, and put down in the record what is to be removed again. */
int rdt_make(const struct oci_linux *os, const char *id, struct state_record *record,
	     struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;
/* Put the first process into it; those that it forks are born there. */
int rdt_add(const struct state_record *record, pid_t pid, struct keg_err *err) KEG_MUST_CHECK;

/* Divide it anew. */
int rdt_update(const struct state_record *record, const char *l3, const char *mb,
	       struct keg_err *err) KEG_MUST_CHECK;

/* Put what there is to know of it, as `intel_rdt`. */
void rdt_stat(const struct state_record *record, struct json_object *data);

/* Remove what was made. */
int rdt_remove(const struct state_record *record, struct keg_err *err) KEG_MUST_CHECK;

#endif
