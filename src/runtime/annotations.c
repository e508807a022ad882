/* SPDX-License-Identifier: Apache-2.0 */
/* The systemd ones only speak to a systemd cgroup manager, which is refused by its option. */
#include "runtime/annotations.h"

#include <string.h>

static const char *const refused[] = {
	"run.oci.handler",
	"run.oci.seccomp.plugins",
	"run.oci.seccomp_bpf_data",
	"run.oci.systemd.force_cgroup_v1",
};

int annotations_check(const struct oci_config *config, struct keg_err *err)
{
	for (size_t i = 0; i < KEG_COUNT(refused); i++) {
		const char *value = oci_annotation(config, refused[i]);

		if (value)
			return keg_fail(err, KEG_EUNSUPPORTED, "annotation %s=%s is not supported",
					refused[i], value);
	}
	return 0;
}

bool annotations_keep_groups(const struct oci_config *config)
{
	const char *value = oci_annotation(config, "run.oci.keep_original_groups");

	return value && strcmp(value, "0") != 0;
}
