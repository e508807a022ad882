/* SPDX-License-Identifier: Apache-2.0 */
/* What was accepted can be resolved for any set of capabilities. */
#include <stdlib.h>

#include "spec/seccomp_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const caps[] = { "CAP_SYS_ADMIN", "CAP_CHOWN" };
	auto(keg_arena) arena = { 0 };
	struct seccomp_host host = seccomp_host_here();
	struct seccomp_document document;
	struct keg_err err;

	if (seccomp_document_parse((const char *)data, size, &document, &arena, &err) < 0)
		return 0;
	for (host.n_caps = 0; host.n_caps <= 2; host.n_caps++) {
		struct oci_seccomp out;

		host.caps = caps;
		seccomp_document_resolve(&document, &host, &out, &arena);
		if (out.n_syscalls > document.n_rules)
			abort();
	}
	return 0;
}
