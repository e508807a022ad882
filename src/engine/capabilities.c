/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/capabilities.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"
#include "os/caps.h"

const char *capability_name(unsigned number)
{
	return caps_name((int)number);
}

int capability_number(const char *text)
{
	autofree char *whole =
		strncasecmp(text, "CAP_", 4) == 0 ? keg_strdup(text) : keg_printf("CAP_%s", text);

	return caps_number(whole);
}

static int unknown_cap(const char *text, struct keg_err *err)
{
	autofree char *name =
		strncasecmp(text, "CAP_", 4) == 0 ? keg_strdup(text) : keg_printf("CAP_%s", text);

	for (char *at = name; *at; at++)
		*at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
	return keg_fail(err, KEG_EUSAGE, "\"%s\": unknown capability", name);
}

/* A list of words into a set of bits; "all" is everything that we have. */
int capability_set(const char *const *list, size_t n, uint64_t all, uint64_t *out,
		   struct keg_err *err)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		int number = capability_number(list[i]);

		if (strcasecmp(list[i], "all") == 0)
			*out |= all;
		else if (number < 0)
			return unknown_cap(list[i], err);
		else
			*out |= (uint64_t)1 << number;
	}
	return 0;
}

/* Those this process may give away: what is not in our bounding set nobody gets. */
uint64_t capability_bounding(void)
{
	auto(keg_buf) text = { 0 };
	struct keg_err err;
	unsigned long long set = 0;

	if (keg_file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &text, &err) < 0)
		return 0;
	const char *at = strstr(keg_buf_text(&text), "\nCapBnd:");
	if (!at || sscanf(at, "\nCapBnd: %llx", &set) != 1)
		return 0;
	return set & (((uint64_t)1 << CAPABILITY_COUNT) - 1);
}
