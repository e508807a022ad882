/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's bus for a static program, which cannot open libsystemd: a program beside it can, and
 * is started where a unit is made, changed or ended. Each call is a message to it and one back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spawn.h"
#include "base/strv.h"
#include "os/systemd_wire.h"

#define PROGRAM "kegrun-systemd"

struct systemd_bus {
	int fd, pidfd;
	uint32_t version;
};

/*
 * Where our program was started from: by its first word, as /proc/self/exe is of no help once it
 * runs through a detached mount (runtime/self.c). NULL when that says nothing.
 */
static char *own_folder(void)
{
	auto(keg_buf) line = { 0 };
	struct keg_err ignored;

	if (keg_file_read(AT_FDCWD, "/proc/self/cmdline", 1 << 20, &line, &ignored) < 0)
		return NULL;
	autofree char *program = keg_find_program(keg_buf_text(&line));
	autofree char *real = program ? realpath(program, NULL) : NULL;
	return real ? keg_path_dir(real) : NULL;
}

/* A build folder or an unpacked release has it beside us; else it is where it is installed. */
static char *find_program(void)
{
	static const char *const places[] = { "", "../libexec/keg" };
	autofree char *own = own_folder();

	for (size_t i = 0; own && i < KEG_COUNT(places); i++) {
		autofree char *folder = keg_path_join(own, places[i]);
		autofree char *path = keg_path_join(folder, PROGRAM);

		if (keg_exists(AT_FDCWD, path))
			return keg_path_clean(path);
	}
	return keg_strdup(KEG_LIBEXECDIR "/" PROGRAM);
}

/* What the answer says; `what` it points to lives in the arena. */
static int converse(struct systemd_bus *bus, const struct systemd_request *request,
		    struct systemd_answer *answer, struct keg_arena *arena, struct keg_err *err)
{
	int r = systemd_request_send(bus->fd, request, err);

	if (r >= 0)
		r = systemd_answer_receive(bus->fd, answer, arena, err);
	if (r < 0)
		return keg_wrap(err, "ask " PROGRAM);
	if (answer->code == KEG_OK)
		return 0;
	keg_fail(err, (enum keg_code)answer->code, "%s", answer->message ? answer->message : "");
	err->sys = answer->sys;
	if (!keg_str_empty(answer->hint))
		(void)!keg_hint(err, "%s", answer->hint);
	return -(int)err->code;
}

static int call(struct systemd_bus *bus, const struct systemd_request *request, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct systemd_answer answer;

	return converse(bus, request, &answer, &arena, err);
}

static int start_program(struct systemd_bus *bus, struct keg_err *err)
{
	autofree char *program = find_program();
	const char *const argv[] = { program, NULL };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return keg_fail_sys(err, errno, "start %s", program);
	bus->fd = ends[0];
	autofd int theirs = ends[1];
	struct keg_spawn what = {
		.argv = argv, .in = theirs, .out = theirs, .errfd = KEG_SPAWN_KEEP
	};
	bus->pidfd = keg_spawn(&what, NULL, err);
	if (bus->pidfd >= 0)
		return 0;
	keg_wrap(err, "systemd cannot manage the cgroup");
	return err->code == KEG_ENOTFOUND
		       ? keg_hint(err,
				  "install " PROGRAM " with kegrun, or use the cgroupfs manager")
		       : -(int)err->code;
}

int systemd_bus_open(bool user, struct systemd_bus **out, struct keg_err *err)
{
	const struct systemd_request request = { .op = SYSTEMD_OPEN, .user = user };
	autoptr(systemd_bus) bus = keg_alloc(1, sizeof *bus);
	auto(keg_arena) arena = { 0 };
	struct systemd_answer answer;

	*bus = (struct systemd_bus){ .fd = -1, .pidfd = -1 };
	int r = start_program(bus, err);
	if (r >= 0)
		r = converse(bus, &request, &answer, &arena, err);
	if (r < 0)
		return r;
	bus->version = answer.version;
	*out = take_ptr(&bus);
	return 0;
}

void systemd_bus_close(struct systemd_bus *bus)
{
	struct keg_err ignored;

	if (!bus)
		return;
	if (bus->fd >= 0)
		close(bus->fd);
	/* That was its sign to end. */
	if (bus->pidfd >= 0) {
		(void)!keg_spawn_wait(bus->pidfd, &ignored);
		close(bus->pidfd);
	}
	free(bus);
}

unsigned systemd_bus_version(struct systemd_bus *bus)
{
	return bus->version;
}

int systemd_bus_start(struct systemd_bus *bus, const char *unit,
		      const struct systemd_property *properties, size_t n, struct keg_err *err)
{
	const struct systemd_request request = {
		.op = SYSTEMD_START, .unit = unit, .properties = properties, .n_properties = n
	};

	return call(bus, &request, err);
}

int systemd_bus_set(struct systemd_bus *bus, const char *unit,
		    const struct systemd_property *properties, size_t n, struct keg_err *err)
{
	const struct systemd_request request = {
		.op = SYSTEMD_SET, .unit = unit, .properties = properties, .n_properties = n
	};

	return call(bus, &request, err);
}

int systemd_bus_stop(struct systemd_bus *bus, const char *unit, struct keg_err *err)
{
	const struct systemd_request request = { .op = SYSTEMD_STOP, .unit = unit };

	return call(bus, &request, err);
}

int systemd_bus_attach(struct systemd_bus *bus, const char *unit, const char *below, pid_t pid,
		       struct keg_err *err)
{
	const struct systemd_request request = {
		.op = SYSTEMD_ATTACH, .unit = unit, .below = below, .pid = (uint32_t)pid
	};

	return call(bus, &request, err);
}

int systemd_bus_group(struct systemd_bus *bus, const char *unit, char **out, struct keg_err *err)
{
	const struct systemd_request request = { .op = SYSTEMD_GROUP, .unit = unit };
	auto(keg_arena) arena = { 0 };
	struct systemd_answer answer;
	int r = converse(bus, &request, &answer, &arena, err);

	if (r < 0)
		return r;
	*out = keg_strdup(answer.group ? answer.group : "");
	return 0;
}
