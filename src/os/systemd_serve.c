/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>

#include "os/systemd_wire.h"

/* The open bus, from SYSTEMD_OPEN on. */
static int call(struct systemd_bus **bus, const struct systemd_request *request,
		struct systemd_answer *answer, char **group, struct keg_err *err)
{
	if (request->op == SYSTEMD_OPEN && !*bus) {
		int r = systemd_bus_open(request->user, bus, err);

		answer->version = r < 0 ? 0 : systemd_bus_version(*bus);
		return r;
	}
	if (!*bus)
		return keg_fail(err, KEG_EUSAGE, "the bus is not open");
	switch (request->op) {
	case SYSTEMD_START:
		return systemd_bus_start(*bus, request->unit, request->properties,
					 request->n_properties, err);
	case SYSTEMD_SET:
		return systemd_bus_set(*bus, request->unit, request->properties,
				       request->n_properties, err);
	case SYSTEMD_STOP:
		return systemd_bus_stop(*bus, request->unit, err);
	case SYSTEMD_ATTACH:
		return systemd_bus_attach(*bus, request->unit, request->below, (pid_t)request->pid,
					  err);
	case SYSTEMD_GROUP:
		return systemd_bus_group(*bus, request->unit, group, err);
	default:
		return keg_fail(err, KEG_EUSAGE, "no such request: %u", (unsigned)request->op);
	}
}

static int answer_one(int in, int out, struct systemd_bus **bus, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct systemd_request request;
	struct systemd_answer answer = { 0 };
	struct keg_err failed = { 0 };
	autofree char *group = NULL;
	int r = systemd_request_receive(in, &request, &arena, &failed);

	if (r >= 0)
		r = call(bus, &request, &answer, &group, &failed);
	if (r < 0) {
		answer.code = failed.code;
		answer.sys = failed.sys;
		answer.message = failed.msg;
		answer.hint = failed.hint;
	}
	answer.group = group;
	return systemd_answer_send(out, &answer, err);
}

int systemd_serve(int in, int out, struct keg_err *err)
{
	autoptr(systemd_bus) bus = NULL;

	for (;;) {
		char first;
		const ssize_t got = recv(in, &first, 1, MSG_PEEK);

		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		int r = got < 0 ? keg_fail_sys(err, errno, "listen to kegrun")
				: answer_one(in, out, &bus, err);
		if (r < 0)
			return r;
	}
}
