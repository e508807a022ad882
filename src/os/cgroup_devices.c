/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules: v1's two files, or v2's program. */
#include <fcntl.h>
#include <string.h>

#include "base/format.h"
#include "base/mem.h"
#include "os/cgroup_bpf.h"
#include "os/cgroup_internal.h"

enum { RULE_TEXT_MAX = 64 };

static void format_number(char *out, size_t room, int64_t number)
{
	if (number == CGROUP_ANY)
		keg_format(out, room, "*");
	else
		keg_format(out, room, "%lld", (long long)number);
}

/* "c 1:3 rwm" */
static void format_rule(char out[RULE_TEXT_MAX], const struct cgroup_device_rule *rule)
{
	char major[24], minor[24];

	format_number(major, sizeof major, rule->major);
	format_number(minor, sizeof minor, rule->minor);
	keg_format(out, RULE_TEXT_MAX, "%c %s:%s %s%s%s", rule->type, major, minor,
		   rule->access & CGROUP_ACCESS_READ ? "r" : "",
		   rule->access & CGROUP_ACCESS_WRITE ? "w" : "",
		   rule->access & CGROUP_ACCESS_MKNOD ? "m" : "");
}

static int apply_v1(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_device_rule *rules, size_t n, struct keg_err *err)
{
	static const char *const files[] = { "devices.deny", "devices.allow" };
	autofd int deny = cgroup_file_open(group, h, h->path, files[0], O_WRONLY);
	autofd int allow = cgroup_file_open(group, h, h->path, files[1], O_WRONLY);

	if (deny < 0 || allow < 0)
		return keg_fail_sys(err, errno, "open %s of group %s", files[deny >= 0], h->path);
	for (size_t i = 0; i < n; i++) {
		char text[RULE_TEXT_MAX];

		if (!rules[i].access)
			continue;
		format_rule(text, &rules[i]);
		if (write(rules[i].allow ? allow : deny, text, strlen(text)) < 0)
			return keg_fail_sys(err, errno, "write \"%s\" to " CGROUP_ROOT "/%s%s/%s",
					    text, h->folder, h->path, files[rules[i].allow]);
	}
	return 0;
}

static int apply_v2(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_device_rule *rules, size_t n, struct keg_err *err)
{
	autofree struct bpf_insn *insns = keg_alloc(CGROUP_BPF_INSNS_MAX, sizeof *insns);
	int length = cgroup_bpf_compile(rules, n, insns, err);

	if (length < 0)
		return length;

	autofd int fd = cgroup_file_open(group, h, h->path, NULL, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return keg_fail_sys(err, errno, "open group %s", h->path);
	return cgroup_bpf_attach(fd, insns, (size_t)length, err);
}

int cgroup_devices_apply(struct cgroup *group, const struct cgroup_device_rule *rules, size_t n,
			 struct keg_err *err)
{
	const struct cgroup_hierarchy *h = cgroup_hierarchy_find(group, CGROUP_DEVICES);
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	int r;

	if (h)
		r = apply_v1(group, h, rules, n, err);
	else if (v2)
		r = apply_v2(group, v2, rules, n, err);
	else if (group->rootless)
		return 0;
	else
		return keg_fail(err, KEG_EUNSUPPORTED, "set device rules: no devices controller");
	/* Without rights over devices the kernel has no device node for us anyway. */
	if (r == -KEG_EDENIED && group->rootless)
		return 0;
	return r < 0 ? keg_wrap(err, "set device rules") : r;
}
