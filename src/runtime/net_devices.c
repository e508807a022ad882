/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/net_devices.h"

#include <fcntl.h>
#include <linux/sched.h>

#include "base/file.h"
#include "base/format.h"
#include "base/strv.h"
#include "os/namespace.h"
#include "os/netdev.h"

bool net_devices_any(const struct oci_linux *os)
{
	return os->net_devices && json_object_object_length(os->net_devices) > 0;
}

static const char *name_inside(struct json_object *device, const char *name)
{
	const char *given = keg_json_str(device, "name", "");

	return *given ? given : name;
}

static int check_one(const char *name, struct json_object *device, struct keg_err *err)
{
	struct json_object *given;

	if (device && !json_object_is_type(device, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "linux.netDevices: %s: not an object", name);
	given = keg_json_get(device, "name");
	if (given && !json_object_is_type(given, json_type_string))
		return keg_fail(err, KEG_ECORRUPT, "linux.netDevices: %s: name: not a string",
				name);
	if (!netdev_name_is_valid(name))
		return keg_fail(err, KEG_EUSAGE, "invalid network device name \"%s\"", name);
	if (!netdev_name_is_valid(name_inside(device, name)))
		return keg_fail(err, KEG_EUSAGE, "invalid network device name \"%s\"",
				name_inside(device, name));
	return 0;
}

int net_devices_check(const struct runtime_context *ctx, const struct oci_linux *os,
		      const struct join *join, struct keg_err *err)
{
	if (os->net_devices && !json_object_is_type(os->net_devices, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "linux.netDevices: not an object");
	if (!net_devices_any(os))
		return 0;
	if (ctx->rootless)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"network devices are not supported for rootless containers");
	if (!((join->fresh | join->existing) & CLONE_NEWNET))
		return keg_fail(err, KEG_EUSAGE,
				"unable to move network devices without a NET namespace");
	json_object_object_foreach(os->net_devices, name, device)
	{
		int r = check_one(name, device, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Of the process, when it makes its own. */
static int open_namespace(const struct join *join, pid_t pid, struct keg_err *err)
{
	const struct namespace_kind *kind = namespace_find("network");
	char path[64];

	if (join->existing & kind->flag)
		keg_format(path, sizeof path, "/proc/self/fd/%d",
			   join->fds[kind - namespace_kinds]);
	else
		keg_format(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind->file);
	return keg_open_at(AT_FDCWD, path, O_RDONLY, 0, err);
}

int net_devices_move(const struct oci_linux *os, const struct join *join, pid_t pid,
		     struct keg_err *err)
{
	if (!net_devices_any(os))
		return 0;
	autofd int netns = open_namespace(join, pid, err);
	if (netns < 0)
		return netns;
	json_object_object_foreach(os->net_devices, name, device)
	{
		if (netdev_move(name, name_inside(device, name), netns, err) < 0)
			return keg_wrap(err, "network device %s", name);
	}
	return 0;
}
