/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_bus.h - systemd's manager by its bus interface: transient units and their properties.
 *
 * Root talks to the system's manager, by its own socket where that may be used, which spares the
 * way through the bus daemon; an ordinary user to the manager of his session. All waiting has a
 * bound. See org.freedesktop.systemd1(5).
 */
#ifndef KEG_OS_SYSTEMD_BUS_H
#define KEG_OS_SYSTEMD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum systemd_kind {
	SYSTEMD_NUMBER,	 /* of the D-Bus type `type`, one of "bynqiuxt" */
	SYSTEMD_TEXT,	 /* s */
	SYSTEMD_TEXTS,	 /* as */
	SYSTEMD_PID,	 /* au, of one */
	SYSTEMD_BYTES,	 /* ay */
	SYSTEMD_DEVICES, /* a(ss): `texts` are device, access, device, access ... */
};

/* A property of a unit; what it points to lives as long as it. */
struct systemd_property {
	const char *name;
	enum systemd_kind kind;
	char type;
	uint64_t number; /* a negative one in two's complement */
	const char *text;
	const char *const *texts;
	const uint8_t *bytes;
	size_t n; /* of texts or bytes */
};

struct systemd_bus;

/* KEG_EUNSUPPORTED when there is nobody to talk to, in one line that says why. */
int systemd_bus_open(bool user, struct systemd_bus **out, struct keg_err *err) KEG_MUST_CHECK;
void systemd_bus_close(struct systemd_bus *bus);
KEG_AUTOPTR(systemd_bus, systemd_bus_close)

/* "252" of "252.39-1~deb12u2"; 0 when it is not to be had. */
unsigned systemd_bus_version(struct systemd_bus *bus);

/*
 * Start a transient unit and wait until the job is done. One of that name which failed before is
 * forgotten; one that lives is KEG_EEXISTS. A property that this systemd does not know is an error.
 */
int systemd_bus_start(struct systemd_bus *bus, const char *unit,
		      const struct systemd_property *properties, size_t n,
		      struct keg_err *err) KEG_MUST_CHECK;

/* Change it until the next boot; a daemon-reload keeps the change. KEG_ENOTFOUND. */
int systemd_bus_set(struct systemd_bus *bus, const char *unit,
		    const struct systemd_property *properties, size_t n,
		    struct keg_err *err) KEG_MUST_CHECK;

/* Stop it, wait for that, and forget that it failed. One that is gone is fine. */
int systemd_bus_stop(struct systemd_bus *bus, const char *unit, struct keg_err *err) KEG_MUST_CHECK;

/* Move a process into the unit's group, or the one `below` ("/x") it. */
int systemd_bus_attach(struct systemd_bus *bus, const char *unit, const char *below, pid_t pid,
		       struct keg_err *err) KEG_MUST_CHECK;

/* The path of the unit's control group, below the hierarchy's root; the caller frees. */
int systemd_bus_group(struct systemd_bus *bus, const char *unit, char **out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
