/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mountinfo.h"

#include <string.h>

#include "base/mem.h"

enum { FIELDS_BEFORE_PLACE = 4, OCTAL_DIGITS = 3 };

static const char separator[] = " - "; /* in a field a space is escaped */

static bool is_octal(const char *at)
{
	for (int i = 0; i < OCTAL_DIGITS; i++) {
		if (at[i] < '0' || at[i] > (i == 0 ? '3' : '7'))
			return false;
	}
	return true;
}

/* "\040" and the like, which stand for what would end a field or a line. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (*from == '\\' && is_octal(from + 1)) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 1 + OCTAL_DIGITS;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

bool mountinfo_parse(char *line, char **place, char **type)
{
	char *after = strstr(line, separator);
	char *at = line;

	for (int i = 0; at && i < FIELDS_BEFORE_PLACE; i++) {
		at = strchr(at, ' ');
		at = at && at < after ? at + 1 : NULL;
	}
	if (!after || !at || at > after)
		return false;
	*type = after + strlen(separator);
	(*type)[strcspn(*type, " \n")] = '\0';
	*place = at;
	at[strcspn(at, " ")] = '\0';
	unescape(at);
	return true;
}
