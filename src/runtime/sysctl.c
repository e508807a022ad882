/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sysctl.h"

#include <linux/sched.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "os/procfs.h"

static const char *const ipc_names[] = {
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
	"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
};

/* Dots and slashes separate alike; in a name with a slash first, dots belong to the names. */
static char *with_dots(const char *name)
{
	char *copy = keg_strdup(name);
	const char *first = strpbrk(name, "./");

	if (first && *first == '/') {
		for (char *p = copy; *p; p++)
			*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
	}
	return copy;
}

/* Its file below /proc. */
static char *path_of(const char *key)
{
	autofree char *name = with_dots(key);

	for (char *p = name; *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return keg_printf("sys/%s", name);
}

/* Whatever separates them, the words of a name lead down: "net/../kernel" is not below net. */
static bool leads_down(const char *key)
{
	autofree char *path = path_of(key);
	autofree char *clean = keg_path_clean(path);

	return strcmp(path, clean) == 0;
}

static uint64_t namespace_of(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(ipc_names); i++) {
		if (strcmp(ipc_names[i], name) == 0)
			return CLONE_NEWIPC;
	}
	if (keg_str_starts(name, "fs.mqueue."))
		return CLONE_NEWIPC;
	if (keg_str_starts(name, "net."))
		return CLONE_NEWNET;
	if (strcmp(name, "kernel.domainname") == 0 || strcmp(name, "kernel.hostname") == 0)
		return CLONE_NEWUTS;
	if (keg_str_starts(name, "user."))
		return CLONE_NEWUSER;
	return 0;
}

/* The configuration has members of its own for these two. */
static int check_names(const struct oci_config *config, const char *name,
		       const struct keg_pair *given, struct keg_err *err)
{
	bool host = strcmp(name, "kernel.hostname") == 0;
	bool domain = strcmp(name, "kernel.domainname") == 0 &&
		      !keg_str_empty(config->domainname) &&
		      strcmp(config->domainname, given->value) != 0;

	if (!host && !domain)
		return 0;
	return keg_fail(err, KEG_EUSAGE, "sysctl \"%s\" conflicts with the OCI %s field",
			given->key, host ? "hostname" : "domainname");
}

int sysctl_check(const struct oci_config *config, const struct join *join, struct keg_err *err)
{
	const struct oci_linux *os = config->os;

	for (size_t i = 0; i < os->n_sysctl; i++) {
		autofree char *name = with_dots(os->sysctl[i].key);
		uint64_t needed = namespace_of(name);

		if (!needed || !leads_down(os->sysctl[i].key))
			return keg_fail(err, KEG_EUSAGE,
					"sysctl \"%s\" is not in a separate kernel namespace",
					os->sysctl[i].key);
		if (!((join->fresh | join->existing) & needed))
			return keg_fail(err, KEG_EUSAGE,
					"sysctl \"%s\" is not allowed in the hosts %s namespace",
					os->sysctl[i].key,
					needed == CLONE_NEWNET	 ? "network"
					: needed == CLONE_NEWIPC ? "ipc"
					: needed == CLONE_NEWUTS ? "uts"
								 : "user");
		int r = check_names(config, name, &os->sysctl[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int sysctl_apply(const struct oci_linux *os, int procfs, struct keg_err *err)
{
	for (size_t i = 0; i < os->n_sysctl; i++) {
		const char *value = os->sysctl[i].value;
		autofree char *path = path_of(os->sysctl[i].key);

		if (procfs_write(procfs, path, value, err) < 0)
			return keg_wrap(err, "sysctl %s", os->sysctl[i].key);
	}
	return 0;
}
