/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of systemd's units as annotations have them: a name, a NUL, and a value. */
#include <stdlib.h>
#include <string.h>

#include "os/cgroup_systemd.h"

enum { TEXTS_MOST = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct systemd_property *p, size_t longest)
{
	if (p->kind == SYSTEMD_TEXT && strlen(p->text) > longest)
		abort();
	if (p->kind == SYSTEMD_TEXTS && p->n > TEXTS_MOST)
		abort();
	for (size_t i = 0; p->kind == SYSTEMD_TEXTS && i < p->n; i++) {
		if (strlen(p->texts[i]) > longest)
			abort();
	}
	if (p->kind == SYSTEMD_NUMBER && !strchr("bynqiuxt", p->type))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *name = keg_strndup((const char *)data, size);
	size_t used = strlen(name) < size ? strlen(name) + 1 : size;
	autofree char *value = keg_strndup((const char *)data + used, size - used);
	auto(unit_properties) list = { 0 };
	struct keg_err err = { 0 };
	int r = unit_property_parse(&list, name, value, &err);

	if (r < 0 ? list.n != 0 || err.msg[0] == '\0' : list.n != 1)
		abort();
	if (r >= 0)
		check(&list.v[0], size);
	return 0;
}
