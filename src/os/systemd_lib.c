/* SPDX-License-Identifier: Apache-2.0 */
#include "os/systemd_lib.h"

#include <dlfcn.h>
#include <string.h>

#include "base/mem.h"

#define LIBRARY "libsystemd.so.0"

#define FUNCTION(name)                                          \
	{                                                       \
		"sd_" #name, offsetof(struct systemd_lib, name) \
	}

#define MESSAGE(name)                                               \
	{                                                           \
		"sd_bus_" #name, offsetof(struct systemd_lib, name) \
	}

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
	FUNCTION(bus_new),
	FUNCTION(bus_set_address),
	FUNCTION(bus_start),
	FUNCTION(bus_open_system),
	FUNCTION(bus_open_user),
	FUNCTION(bus_flush_close_unref),
	FUNCTION(bus_call),
	FUNCTION(bus_match_signal),
	FUNCTION(bus_process),
	FUNCTION(bus_wait),
	FUNCTION(bus_error_free),
	MESSAGE(message_new_method_call),
	MESSAGE(message_append),
	MESSAGE(message_append_array),
	MESSAGE(message_open_container),
	MESSAGE(message_close_container),
	MESSAGE(message_read),
	MESSAGE(message_unref),
};

int systemd_lib_open(struct systemd_lib *out, struct keg_err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		keg_fail(err, KEG_EUNSUPPORTED, "load " LIBRARY ": %s", dlerror());
		return keg_hint(err, "use the cgroupfs manager, or install libsystemd");
	}
	for (size_t i = 0; i < KEG_COUNT(functions); i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function)
			return keg_fail(err, KEG_EUNSUPPORTED, LIBRARY " is too old: it has no %s",
					functions[i].name);
		/* POSIX: a pointer to a function and one to an object have one representation. */
		memcpy((char *)out + functions[i].offset, &function, sizeof function);
	}
	return 0;
}
