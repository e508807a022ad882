/* SPDX-License-Identifier: Apache-2.0 */
/* The systemd ones only speak to a systemd cgroup manager, which is refused by its option. */
#include "runtime/annotations.h"

#include <string.h>

#include "spec/seccomp_profile.h"

static const char *const honoured[] = {
	SECCOMP_FILTER_ANNOTATION,  ANNOTATION_UNIT_PROPERTY, ANNOTATION_DELEGATE,
	ANNOTATION_HOOKS_STDERR,    ANNOTATION_HOOKS_STDOUT,  ANNOTATION_KEEP_GROUPS,
	ANNOTATION_MOUNT_CONTEXT,   ANNOTATION_PIDFD,	      ANNOTATION_SECCOMP_RECEIVER,
	ANNOTATION_SECCOMP_UNKNOWN, ANNOTATION_SUBGROUP,
};

static const char *const refused[] = {
	"run.oci.handler",
	"run.oci.seccomp.plugins",
	"run.oci.seccomp_bpf_data",
	"run.oci.systemd.force_cgroup_v1",
};

static const char *const contexts[] = { "context", "fscontext", "defcontext", "rootcontext" };

const char *annotations_name(size_t n)
{
	return n < KEG_COUNT(honoured) ? honoured[n] : NULL;
}

const char *annotations_mount_context(const struct oci_config *config)
{
	const char *value = oci_annotation(config, ANNOTATION_MOUNT_CONTEXT);

	return value ? value : contexts[0];
}

static int check_mount_context(const struct oci_config *config, struct keg_err *err)
{
	const char *value = annotations_mount_context(config);

	for (size_t i = 0; i < KEG_COUNT(contexts); i++) {
		if (strcmp(value, contexts[i]) == 0)
			return 0;
	}
	return keg_fail(err, KEG_EUSAGE, "invalid mount context type %s", value);
}

int annotations_check(const struct oci_config *config, struct keg_err *err)
{
	for (size_t i = 0; i < KEG_COUNT(refused); i++) {
		const char *value = oci_annotation(config, refused[i]);

		if (value)
			return keg_fail(err, KEG_EUNSUPPORTED, "annotation %s=%s is not supported",
					refused[i], value);
	}
	return check_mount_context(config, err);
}

bool annotations_keep_groups(const struct oci_config *config)
{
	const char *value = oci_annotation(config, ANNOTATION_KEEP_GROUPS);

	return value && strcmp(value, "0") != 0;
}
