/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_wire.h - what kegrun and kegrun-systemd say to one another: a call of systemd_bus.h, and
 * its result. Both belong to one build; each message is a JSON object behind its length.
 */
#ifndef KEG_OS_SYSTEMD_WIRE_H
#define KEG_OS_SYSTEMD_WIRE_H

#include "base/json.h"
#include "os/systemd_bus.h"

/* Other words for the same: a program of another build is told so. */
#define SYSTEMD_WIRE_VERSION "1"

enum systemd_op {
	SYSTEMD_OPEN, /* the first */
	SYSTEMD_START,
	SYSTEMD_SET,
	SYSTEMD_STOP,
	SYSTEMD_ATTACH,
	SYSTEMD_GROUP,
};

struct systemd_request {
	uint32_t op;
	bool user;
	const char *unit, *below;
	uint32_t pid;
	const struct systemd_property *properties;
	size_t n_properties;
};

struct systemd_answer {
	uint32_t code; /* enum keg_code; the four members of the error that it names */
	int sys;
	const char *message, *hint;
	uint32_t version;  /* of systemd; to SYSTEMD_OPEN */
	const char *group; /* to SYSTEMD_GROUP */
};

int systemd_request_send(int fd, const struct systemd_request *request,
			 struct keg_err *err) KEG_MUST_CHECK;
int systemd_answer_send(int fd, const struct systemd_answer *answer,
			struct keg_err *err) KEG_MUST_CHECK;
/* What they point to lives in the arena. The other side's end is KEG_ECORRUPT. */
int systemd_request_receive(int fd, struct systemd_request *out, struct keg_arena *arena,
			    struct keg_err *err) KEG_MUST_CHECK;
int systemd_answer_receive(int fd, struct systemd_answer *out, struct keg_arena *arena,
			   struct keg_err *err) KEG_MUST_CHECK;

/* Answer requests until the other side closes its end. */
int systemd_serve(int in, int out, struct keg_err *err) KEG_MUST_CHECK;

#endif
