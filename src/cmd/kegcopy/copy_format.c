/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegcopy/copy_format.h"

#include <string.h>

#include "spec/manifest.h"

int copy_format_media(const char *format, const char **out, struct keg_err *err)
{
	if (!format)
		*out = NULL;
	else if (strcmp(format, "oci") == 0)
		*out = MEDIA_OCI_MANIFEST;
	else if (strcmp(format, "v2s2") == 0)
		*out = MEDIA_DOCKER_MANIFEST;
	else if (strcmp(format, "v2s1") == 0)
		*out = MEDIA_DOCKER_SCHEMA1_SIGNED;
	else
		return keg_fail(err, KEG_EUSAGE,
				"unknown format \"%s\". Choose one of the supported formats: "
				"'oci', 'v2s1', or 'v2s2'",
				format);
	return 0;
}
