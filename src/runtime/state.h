/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the folder that a container is.
 *
 * <root>/<id>/ holds state.json (struct state_record), `start` (a socket; as long as it exists
 * the container is created and waits), `filter` (its compiled seccomp filter, for exec) and, where
 * it was made as crun does, `status` (crun_status.h). The folder is made exclusively, which is what
 * makes an id unique; its flock serializes what changes the container.
 */
#ifndef KEG_RUNTIME_STATE_H
#define KEG_RUNTIME_STATE_H

#include "runtime/runtime.h"

#define STATE_START_SOCKET "start"
#define STATE_FILTER "filter"

struct state_record {
	const char *oci_version, *id, *bundle, *rootfs, *created, *owner;
	const char *cgroup;		 /* cgroup_place(), or NULL */
	const char *unit;		 /* systemd's, which made that group; or NULL */
	bool unit_of_user, unit_planned; /* planned: it may not be there, or be another's */
	bool group_found;		 /* it was there before: cgroup_was_there() */
	int64_t pid;			 /* 0: no process yet */
	uint64_t start;			 /* of that process: struct process_id */
	int64_t maker;			 /* who creates it; 0 when that is done */
	uint64_t maker_start;
	const char *rdt_group;	    /* of resctrl, or NULL */
	bool rdt_made, rdt_monitor; /* to be removed: the group, and what counts in it */
	bool filtered;		    /* it has a seccomp filter, which exec must find */
	bool as_crun;		    /* struct runtime_context: it was made so */
	struct json_object *config; /* without what only create needs: mounts, seccomp, limits */
};

/* Letters, digits, and "_+-.@", not "." or ".."; as runc has it. */
int state_check_id(const char *id, struct keg_err *err) KEG_MUST_CHECK;

/* Make the container's folder, which the caller owns as a descriptor. KEG_EEXISTS. */
int state_make(const struct runtime_context *ctx, const char *id,
	       struct keg_err *err) KEG_MUST_CHECK;
/* Open it; KEG_ENOTFOUND. */
int state_open(const struct runtime_context *ctx, const char *id,
	       struct keg_err *err) KEG_MUST_CHECK;
/* Remove it with all that is in it; what is gone is fine. */
int state_remove(const struct runtime_context *ctx, const char *id,
		 struct keg_err *err) KEG_MUST_CHECK;

/* The record as text, appended to *out, and back. */
void state_format(const struct state_record *record, struct keg_buf *out);
int state_parse(const char *text, size_t len, struct state_record *out, struct keg_arena *arena,
		struct keg_err *err) KEG_MUST_CHECK;

int state_write(int folder, const struct state_record *record, struct keg_err *err) KEG_MUST_CHECK;
/* A folder whose record was not written yet gives an empty record with pid 0. */
int state_read(int folder, struct state_record *out, struct keg_arena *arena,
	       struct keg_err *err) KEG_MUST_CHECK;

/* What the container is doing, from the record and the kernel. */
enum runtime_status state_status(int folder, const struct state_record *record);

/*
 * Is the first process, the very one that was recorded, still there and not a zombie? Else
 * KEG_EBUSY "container not running", or another error when that cannot be found out.
 */
int state_check_alive(const struct state_record *record, struct keg_err *err) KEG_MUST_CHECK;
/* The same where what cannot be found out counts as alive: nothing is deleted by mistake. */
bool state_is_alive(const struct state_record *record);

/*
 * A pidfd of the first process; KEG_EBUSY "container not running" when it is gone. The check
 * after opening makes sure that the number was not taken by another process.
 */
int state_open_process(const struct state_record *record, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The kinds of namespaces (CLONE_NEW*) in which the first process, whose pidfd state_open_process()
 * gave, is elsewhere than we are; KEG_EBUSY "container not running" when it is gone.
 */
int state_namespaces(const struct state_record *record, int pidfd, uint64_t *out,
		     struct keg_err *err) KEG_MUST_CHECK;

/* A container opened whole: for the operations after create. */
struct state_container {
	int folder;
	struct state_record record;
	struct oci_config config;
	struct keg_arena arena;
};
int state_load(const struct runtime_context *ctx, const char *id, struct state_container *out,
	       struct keg_err *err) KEG_MUST_CHECK;
void state_container_done(struct state_container *container);
KEG_AUTO(state_container, state_container_done)

/* The state as the specification has it, for hooks and `state`; the caller puts it. */
struct json_object *state_document(const struct state_record *record, const char *status,
				   const struct oci_config *config);

#endif
