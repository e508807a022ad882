/* SPDX-License-Identifier: Apache-2.0 */
#include "os/label.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/procfs.h"

bool label_apparmor_enabled(void)
{
	char answer = 'N';
	autofd int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

bool label_selinux_enabled(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

int label_apparmor_on_exec(int procfs, const char *profile, struct keg_err *err)
{
	autofree char *text = keg_printf("exec %s", profile);
	/* Linux 5.8 has a folder of AppArmor's own, beside another module's attributes. */
	int r = procfs_write(procfs, "thread-self/attr/apparmor/exec", text, err);

	if (r == -KEG_ENOTFOUND)
		r = procfs_write(procfs, "thread-self/attr/exec", text, err);
	return r < 0 ? keg_wrap(err, "apply AppArmor profile %s", profile) : 0;
}

int label_selinux_on_exec(int procfs, const char *context, struct keg_err *err)
{
	int r = procfs_write(procfs, "thread-self/attr/exec", context, err);

	return r < 0 ? keg_wrap(err, "apply SELinux context %s", context) : 0;
}

int label_selinux_keys(int procfs, const char *context, struct keg_err *err)
{
	if (!label_selinux_enabled())
		return 0;

	int r = procfs_write(procfs, "thread-self/attr/keycreate", context, err);
	return r < 0 ? keg_wrap(err, "label keys %s", context) : 0;
}
