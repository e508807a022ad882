/* SPDX-License-Identifier: Apache-2.0 */
#include "os/systemd_bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/strv.h"
#include "os/systemd_lib.h"

#define SERVICE "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"

static const uint64_t usec_in_second = 1000000;
enum { CALL_SECONDS = 25, JOB_SECONDS = 30 };

struct systemd_bus {
	struct systemd_lib lib;
	sd_bus *bus;
	bool direct; /* to the manager itself, whose messages name no sender */
	/* The job that is waited for, and how it ended. */
	char *job, *result;
};

/* --- connecting -------------------------------------------------------------------------- */

static int open_socket(struct systemd_bus *bus, const char *path)
{
	autofree char *address = keg_printf("unix:path=%s", path);
	int r = access(path, W_OK) < 0 ? -errno : bus->lib.bus_new(&bus->bus);

	if (r >= 0)
		r = bus->lib.bus_set_address(bus->bus, address);
	if (r >= 0)
		r = bus->lib.bus_start(bus->bus);
	if (r < 0 && bus->bus)
		bus->bus = bus->lib.bus_flush_close_unref(bus->bus);
	return r;
}

/* The manager's own socket; `path` is for the message. */
static int open_private(struct systemd_bus *bus, bool user)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	autofree char *folder = user && !keg_str_empty(runtime)
					? keg_strdup(runtime)
					: keg_printf("/run/user/%u", (unsigned)geteuid());
	autofree char *path = keg_path_join(user ? folder : "/run", "systemd/private");

	return open_socket(bus, path);
}

/* Signals come by the bus only to who asked for them. */
static int subscribe(struct systemd_bus *bus)
{
	sd_bus_message *m = NULL;
	int r = bus->lib.message_new_method_call(bus->bus, &m, SERVICE, PATH, MANAGER, "Subscribe");

	if (r >= 0)
		r = bus->lib.bus_call(bus->bus, m, CALL_SECONDS * usec_in_second, NULL, NULL);
	bus->lib.message_unref(m);
	return r;
}

static int job_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct systemd_bus *bus = data;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (bus->lib.message_read(m, "uoss", &id, &job, &unit, &result) < 0)
		return 0;
	/* What comes before the answer that names our job is kept until we wait for it. */
	if (bus->job && !bus->result && strcmp(job, bus->job) == 0)
		bus->result = keg_strdup(result);
	return 0;
}

int systemd_bus_open(bool user, struct systemd_bus **out, struct keg_err *err)
{
	autoptr(systemd_bus) bus = keg_alloc(1, sizeof *bus);

	*bus = (struct systemd_bus){ 0 };
	int r = systemd_lib_open(&bus->lib, err);
	if (r < 0)
		return keg_wrap(err, "systemd cannot manage the cgroup");
	r = open_private(bus, user);
	bus->direct = r >= 0;
	if (r < 0)
		r = user ? bus->lib.bus_open_user(&bus->bus) : bus->lib.bus_open_system(&bus->bus);
	if (r >= 0 && !bus->direct)
		r = subscribe(bus);
	if (r >= 0)
		r = bus->lib.bus_match_signal(bus->bus, NULL, bus->direct ? NULL : SERVICE, PATH,
					      MANAGER, "JobRemoved", job_removed, bus);
	if (r < 0) {
		keg_fail(err, KEG_EUNSUPPORTED,
			 "systemd cannot manage the cgroup: the %s systemd cannot be reached: %s",
			 user ? "user's" : "system's", strerror(-r));
		return keg_hint(err, user ? "log in to a session with a user manager (systemctl "
					    "--user), or use the cgroupfs manager"
					  : "use the cgroupfs manager where systemd does not run");
	}
	*out = take_ptr(&bus);
	return 0;
}

void systemd_bus_close(struct systemd_bus *bus)
{
	if (!bus)
		return;
	if (bus->bus)
		bus->lib.bus_flush_close_unref(bus->bus);
	free(bus->job);
	free(bus->result);
	free(bus);
}

/* --- calling ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum keg_code code;
} error_names[] = {
	{ SERVICE ".UnitExists", KEG_EEXISTS },
	{ SERVICE ".NoSuchUnit", KEG_ENOTFOUND },
	{ "org.freedesktop.DBus.Error.UnknownObject", KEG_ENOTFOUND },
	{ "org.freedesktop.DBus.Error.AccessDenied", KEG_EDENIED },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", KEG_EDENIED },
};

static int call_failed(struct systemd_bus *bus, int r, sd_bus_error *error, const char *what,
		       const char *unit, struct keg_err *err)
{
	enum keg_code code = KEG_ESYSTEM;

	for (size_t i = 0; error->name && i < KEG_COUNT(error_names); i++) {
		if (strcmp(error->name, error_names[i].name) == 0)
			code = error_names[i].code;
	}
	keg_fail(err, code, "%s systemd unit %s: %s", what, unit,
		 error->message ? error->message : strerror(-r));
	err->sys = -r;
	bus->lib.bus_error_free(error);
	return -(int)code;
}

static int new_call(struct systemd_bus *bus, const char *method, sd_bus_message **out)
{
	return bus->lib.message_new_method_call(bus->bus, out, SERVICE, PATH, MANAGER, method);
}

/* Send, and let go of, the message that was made with the result `made`. */
static int finish_call(struct systemd_bus *bus, int made, sd_bus_message *m, const char *what,
		       const char *unit, sd_bus_message **reply, struct keg_err *err)
{
	sd_bus_error error = { 0 };
	int r = made;

	if (r >= 0)
		r = bus->lib.bus_call(bus->bus, m, CALL_SECONDS * usec_in_second, &error, reply);
	bus->lib.message_unref(m);
	return r < 0 ? call_failed(bus, r, &error, what, unit, err) : 0;
}

static int64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Until systemd says that the job of `reply` is over. */
static int wait_for_job(struct systemd_bus *bus, sd_bus_message *reply, const char *what,
			const char *unit, struct keg_err *err)
{
	int64_t deadline = seconds_now() + JOB_SECONDS;
	const char *job;
	int r = bus->lib.message_read(reply, "o", &job);

	free(take_ptr(&bus->job));
	free(take_ptr(&bus->result));
	if (r >= 0)
		bus->job = keg_strdup(job);
	while (r >= 0 && !bus->result) {
		r = bus->lib.bus_process(bus->bus, NULL);
		if (r != 0)
			continue;
		if (seconds_now() >= deadline)
			return keg_fail(err, KEG_EBUSY,
					"%s systemd unit %s: systemd did not do it in %d seconds",
					what, unit, JOB_SECONDS);
		r = bus->lib.bus_wait(bus->bus, usec_in_second);
	}
	if (r < 0)
		return keg_fail_sys(err, -r, "%s systemd unit %s: wait for the job", what, unit);
	if (strcmp(bus->result, "done") != 0)
		return keg_fail(err, KEG_ESYSTEM, "%s systemd unit %s: the job's result is %s",
				what, unit, bus->result);
	return 0;
}

/* --- properties -------------------------------------------------------------------------- */

static int append_number(const struct systemd_lib *lib, sd_bus_message *m,
			 const struct systemd_property *p)
{
	const char type[] = { p->type, '\0' };

	/* Variable arguments: the small types travel as int. */
	switch (p->type) {
	case 'x':
	case 't':
		return lib->message_append(m, "v", type, p->number);
	default:
		return lib->message_append(m, "v", type, (int)p->number);
	}
}

/* An array in a variant: "v" of "a" of `element`. */
static int open_array(const struct systemd_lib *lib, sd_bus_message *m, const char *element)
{
	char type[sizeof "a(ss)"];

	keg_format(type, sizeof type, "a%s", element);
	int r = lib->message_open_container(m, 'v', type);

	return r < 0 ? r : lib->message_open_container(m, 'a', element);
}

static int close_array(const struct systemd_lib *lib, sd_bus_message *m)
{
	int r = lib->message_close_container(m);

	return r < 0 ? r : lib->message_close_container(m);
}

static int append_texts(const struct systemd_lib *lib, sd_bus_message *m,
			const struct systemd_property *p)
{
	bool pairs = p->kind == SYSTEMD_DEVICES;
	int r = open_array(lib, m, pairs ? "(ss)" : "s");

	for (size_t i = 0; r >= 0 && i < p->n; i += pairs ? 2 : 1)
		r = pairs ? lib->message_append(m, "(ss)", p->texts[i], p->texts[i + 1])
			  : lib->message_append(m, "s", p->texts[i]);
	return r < 0 ? r : close_array(lib, m);
}

static int append_bytes(const struct systemd_lib *lib, sd_bus_message *m,
			const struct systemd_property *p)
{
	int r = lib->message_open_container(m, 'v', "ay");

	if (r >= 0)
		r = lib->message_append_array(m, 'y', p->bytes, p->n);
	return r < 0 ? r : lib->message_close_container(m);
}

static int append_value(const struct systemd_lib *lib, sd_bus_message *m,
			const struct systemd_property *p)
{
	switch (p->kind) {
	case SYSTEMD_NUMBER:
		return append_number(lib, m, p);
	case SYSTEMD_TEXT:
		return lib->message_append(m, "v", "s", p->text);
	case SYSTEMD_TEXTS:
	case SYSTEMD_DEVICES:
		return append_texts(lib, m, p);
	case SYSTEMD_PID:
		return lib->message_append(m, "v", "au", 1, (uint32_t)p->number);
	case SYSTEMD_BYTES:
		return append_bytes(lib, m, p);
	}
	return -EINVAL;
}

static int append_properties(const struct systemd_lib *lib, sd_bus_message *m,
			     const struct systemd_property *properties, size_t n)
{
	int r = lib->message_open_container(m, 'a', "(sv)");

	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = lib->message_open_container(m, 'r', "sv");
		if (r >= 0)
			r = lib->message_append(m, "s", properties[i].name);
		if (r >= 0)
			r = append_value(lib, m, &properties[i]);
		if (r >= 0)
			r = lib->message_close_container(m);
	}
	return r < 0 ? r : lib->message_close_container(m);
}

/* --- units ------------------------------------------------------------------------------- */

/* A text property; `what` and `unit` are for the message. The caller frees. */
static int get_text(struct systemd_bus *bus, const char *path, const char *interface,
		    const char *property, const char *unit, char **out, struct keg_err *err)
{
	sd_bus_message *m = NULL, *reply = NULL;
	const char *text;
	int r = bus->lib.message_new_method_call(bus->bus, &m, SERVICE, path,
						 "org.freedesktop.DBus.Properties", "Get");

	if (r >= 0)
		r = bus->lib.message_append(m, "ss", interface, property);
	r = finish_call(bus, r, m, "look at", unit, &reply, err);
	if (r < 0)
		return r;
	r = bus->lib.message_read(reply, "v", "s", &text);
	if (r >= 0)
		*out = keg_strdup(text);
	bus->lib.message_unref(reply);
	return r < 0 ? keg_fail_sys(err, -r, "read %s of systemd unit %s", property, unit) : 0;
}

unsigned systemd_bus_version(struct systemd_bus *bus)
{
	autofree char *text = NULL;
	struct keg_err ignored;

	if (get_text(bus, PATH, MANAGER, "Version", "-.slice", &text, &ignored) < 0)
		return 0;
	return (unsigned)strtoul(text + (text[0] == 'v'), NULL, 10);
}

static int start_once(struct systemd_bus *bus, const char *unit,
		      const struct systemd_property *properties, size_t n, struct keg_err *err)
{
	sd_bus_message *m = NULL, *reply = NULL;
	int r = new_call(bus, "StartTransientUnit", &m);

	if (r >= 0)
		r = bus->lib.message_append(m, "ss", unit, "fail");
	if (r >= 0)
		r = append_properties(&bus->lib, m, properties, n);
	if (r >= 0) /* no auxiliary units */
		r = bus->lib.message_append(m, "a(sa(sv))", 0);
	r = finish_call(bus, r, m, "start", unit, &reply, err);
	if (r >= 0)
		r = wait_for_job(bus, reply, "start", unit, err);
	bus->lib.message_unref(reply);
	return r;
}

static int call_by_name(struct systemd_bus *bus, const char *method, const char *what,
			const char *unit, struct keg_err *err)
{
	sd_bus_message *m = NULL;
	int r = new_call(bus, method, &m);

	if (r >= 0)
		r = bus->lib.message_append(m, "s", unit);
	return finish_call(bus, r, m, what, unit, NULL, err);
}

int systemd_bus_start(struct systemd_bus *bus, const char *unit,
		      const struct systemd_property *properties, size_t n, struct keg_err *err)
{
	struct keg_err ignored;
	int r = start_once(bus, unit, properties, n, err);

	if (r == -KEG_EEXISTS && call_by_name(bus, "ResetFailedUnit", "reset", unit, &ignored) >= 0)
		r = start_once(bus, unit, properties, n, err);
	else if (r < 0)
		(void)!call_by_name(bus, "ResetFailedUnit", "reset", unit, &ignored);
	return r;
}

int systemd_bus_set(struct systemd_bus *bus, const char *unit,
		    const struct systemd_property *properties, size_t n, struct keg_err *err)
{
	const int until_reboot = 1;
	sd_bus_message *m = NULL;
	int r = new_call(bus, "SetUnitProperties", &m);

	if (r >= 0)
		r = bus->lib.message_append(m, "sb", unit, until_reboot);
	if (r >= 0)
		r = append_properties(&bus->lib, m, properties, n);
	return finish_call(bus, r, m, "set properties of", unit, NULL, err);
}

int systemd_bus_stop(struct systemd_bus *bus, const char *unit, struct keg_err *err)
{
	sd_bus_message *m = NULL, *reply = NULL;
	struct keg_err ignored;
	int r = new_call(bus, "StopUnit", &m);

	if (r >= 0)
		r = bus->lib.message_append(m, "ss", unit, "replace");
	r = finish_call(bus, r, m, "stop", unit, &reply, err);
	if (r >= 0)
		r = wait_for_job(bus, reply, "stop", unit, err);
	bus->lib.message_unref(reply);
	(void)!call_by_name(bus, "ResetFailedUnit", "reset", unit, &ignored);
	return r == -KEG_ENOTFOUND ? 0 : r;
}

int systemd_bus_attach(struct systemd_bus *bus, const char *unit, const char *below, pid_t pid,
		       struct keg_err *err)
{
	sd_bus_message *m = NULL;
	int r = new_call(bus, "AttachProcessesToUnit", &m);

	if (r >= 0)
		r = bus->lib.message_append(m, "ssau", unit, below, 1, (uint32_t)pid);
	return finish_call(bus, r, m, "move a process to", unit, NULL, err);
}

int systemd_bus_group(struct systemd_bus *bus, const char *unit, char **out, struct keg_err *err)
{
	bool slice = keg_str_ends(unit, ".slice");
	sd_bus_message *m = NULL, *reply = NULL;
	autofree char *group = NULL;
	const char *path;
	int r = new_call(bus, "GetUnit", &m);

	if (r >= 0)
		r = bus->lib.message_append(m, "s", unit);
	r = finish_call(bus, r, m, "find", unit, &reply, err);
	if (r < 0)
		return r;
	r = bus->lib.message_read(reply, "o", &path);
	if (r < 0)
		r = keg_fail_sys(err, -r, "find systemd unit %s", unit);
	else
		r = get_text(bus, path, slice ? SERVICE ".Slice" : SERVICE ".Scope", "ControlGroup",
			     unit, &group, err);
	bus->lib.message_unref(reply);
	if (r >= 0 && (group[0] != '/' || !group[1]))
		return keg_fail(err, KEG_ESYSTEM, "systemd unit %s has no cgroup of its own", unit);
	if (r >= 0)
		*out = take_ptr(&group);
	return r;
}
