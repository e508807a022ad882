/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scopes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/reference.h"

/* "a.b.c:5000" also as "*.b.c" and "*.c"; the port is no part of a wildcard's match. */
static void add_wildcards(const char *domain, struct keg_strv *out)
{
	autofree char *host = keg_strdup(domain);

	host[strcspn(host, ":")] = '\0';
	for (const char *dot = strchr(host, '.'); dot; dot = strchr(dot + 1, '.'))
		keg_strv_addf(out, "*%s", dot);
}

int image_scopes_docker(const char *reference, struct keg_strv *out, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(reference, &ref, err);
	if (r < 0)
		return r;
	reference_add_latest(&ref);
	keg_strv_take(out, reference_format(&ref));

	autofree char *name = reference_name(&ref);
	for (;;) {
		keg_strv_add(out, name);
		char *slash = strrchr(name, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	add_wildcards(ref.domain, out);
	return 0;
}

int image_scopes_path(const char *path, const char *tag, struct keg_strv *out, struct keg_err *err)
{
	autofree char *full = realpath(path, NULL);

	(void)err;
	if (!full)
		return 0; /* opening it says what is wrong; no scope is the strictest answer */
	if (!keg_str_empty(tag))
		keg_strv_addf(out, "%s:%s", full, tag);
	while (strrchr(full, '/') > full) {
		keg_strv_add(out, full);
		*strrchr(full, '/') = '\0';
	}
	keg_strv_add(out, full);
	return 0;
}
