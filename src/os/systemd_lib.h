/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_lib.h - the functions of libsystemd's sd-bus that we call, opened on first use.
 *
 * Containers that systemd has nothing to do with shall not pay for loading it, and a host without
 * it shall run them: so it is not linked, and its headers are not needed to build. Names and types
 * are those of sd-bus(3), whose interface libsystemd.so.0 keeps.
 */
#ifndef KEG_OS_SYSTEMD_LIB_H
#define KEG_OS_SYSTEMD_LIB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct sd_bus sd_bus;
typedef struct sd_bus_message sd_bus_message;
typedef struct sd_bus_slot sd_bus_slot;
typedef struct {
	const char *name, *message;
	int need_free_;
} sd_bus_error;
typedef int sd_bus_handler(sd_bus_message *m, void *data, sd_bus_error *error);

/* The result of each is negative errno on failure. */
struct systemd_lib {
	int (*bus_new)(sd_bus **out);
	int (*bus_set_address)(sd_bus *bus, const char *address);
	int (*bus_start)(sd_bus *bus);
	int (*bus_open_system)(sd_bus **out);
	int (*bus_open_user)(sd_bus **out);
	sd_bus *(*bus_flush_close_unref)(sd_bus *bus);
	int (*bus_call)(sd_bus *bus, sd_bus_message *m, uint64_t usec, sd_bus_error *error,
			sd_bus_message **reply);
	int (*bus_match_signal)(sd_bus *bus, sd_bus_slot **slot, const char *sender,
				const char *path, const char *interface, const char *member,
				sd_bus_handler *handler, void *data);
	int (*bus_process)(sd_bus *bus, sd_bus_message **m);
	int (*bus_wait)(sd_bus *bus, uint64_t usec);
	void (*bus_error_free)(sd_bus_error *error);
	int (*message_new_method_call)(sd_bus *bus, sd_bus_message **m, const char *destination,
				       const char *path, const char *interface, const char *member);
	int (*message_append)(sd_bus_message *m, const char *types, ...);
	int (*message_append_array)(sd_bus_message *m, char type, const void *data, size_t bytes);
	int (*message_open_container)(sd_bus_message *m, char type, const char *contents);
	int (*message_close_container)(sd_bus_message *m);
	int (*message_read)(sd_bus_message *m, const char *types, ...);
	sd_bus_message *(*message_unref)(sd_bus_message *m);
};

/* KEG_EUNSUPPORTED when there is no libsystemd, or one that is too old. It is never closed. */
int systemd_lib_open(struct systemd_lib *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
