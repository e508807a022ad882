/* SPDX-License-Identifier: Apache-2.0 */
#include "store/driver.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

/* Sorted: the peers take the first that a folder's listing has. */
static const char *const drivers[] = { "aufs", "btrfs", "overlay", "vfs", "zfs" };

static bool was_used(const char *graphroot, const char *driver)
{
	autofree char *images = keg_printf("%s/%s-images", graphroot, driver);

	return keg_exists(AT_FDCWD, images);
}

/* The drivers that left something there, with blanks between; and how many. */
static size_t list_used(const char *graphroot, struct keg_strv *out)
{
	for (size_t i = 0; i < KEG_COUNT(drivers); i++) {
		if (was_used(graphroot, drivers[i]))
			keg_strv_add(out, drivers[i]);
	}
	return out->n;
}

/* Asking the kernel for the file system loads its module, and needs no folder. */
static bool works(const char *driver)
{
	if (strcmp(driver, "overlay") != 0)
		return strcmp(driver, "vfs") == 0;
	autofd int fd = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	return fd >= 0 || errno != ENODEV;
}

static char *take_name(const char *name)
{
	return keg_strdup(strcmp(name, "overlay2") == 0 ? "overlay" : name);
}

/* Use the driver, saying so where its predecessor's images go out of sight. */
static char *settle(const struct driver_request *want, const char *driver)
{
	autofree char *name = take_name(driver);
	auto(keg_strv) used = { 0 };

	if (!was_used(want->graphroot, name) && list_used(want->graphroot, &used) > 0) {
		autofree char *others = keg_strv_join(&used, ", ");

		keg_warn("%s was used with the storage driver %s: its images are not seen with %s",
			 want->graphroot, others, name);
	}
	return take_ptr(&name);
}

/* Of those that somebody used, the first by priority; *out stays NULL without one, and is the
 * caller's also on failure. */
static int choose_used(const struct driver_request *want, const struct keg_strv *priority,
		       const struct keg_strv *used, char **out, struct keg_err *err)
{
	for (size_t i = 0; i < priority->n && !*out; i++) {
		autofree char *name = take_name(priority->v[i]);

		if (keg_strv_has(used, name))
			*out = take_ptr(&name);
	}
	if (!*out || used->n == 1 || want->rootless)
		return 0;
	autofree char *all = keg_strv_join(used, ", ");
	keg_fail(err, KEG_EUSAGE, "%s was used with several storage drivers: %s", want->graphroot,
		 all);
	return keg_hint(err, "Name one: driver in storage.conf, or --storage-driver.");
}

int driver_choose(const struct driver_request *want, char **out, struct keg_err *err)
{
	auto(keg_strv) alone = { 0 };
	auto(keg_strv) used = { 0 };
	autofree char *chosen = NULL;
	const struct keg_strv *priority = want->priority;

	if (!keg_str_empty(want->named)) {
		*out = settle(want, want->named);
		return 0;
	}
	list_used(want->graphroot, &used);
	if (priority->n == 0) {
		keg_strv_add(&alone, want->rootless && used.n > 0 ? used.v[0] : "overlay");
		priority = &alone;
	}
	int r = choose_used(want, priority, &used, &chosen, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < priority->n && !chosen; i++) {
		if (priority->n == 1 || works(priority->v[i]))
			chosen = settle(want, priority->v[i]);
	}
	if (!chosen)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"none of the storage drivers of driver_priority works");
	*out = take_ptr(&chosen);
	return 0;
}
