/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chatty container has its lines stamped thousands of times in one second, so all but
 * the fraction is kept from one call to the next.
 */
#include "monitor/stamp.h"

#include <stdlib.h>

enum { QUARTER = 15 * 60, FRACTION_AT = 20, FRACTION_DIGITS = 9, OFFSET_AT = 29 };

static void put_digits(char *at, int digits, long value)
{
	while (digits-- > 0) {
		at[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void put_second(struct stamp *stamp, time_t second)
{
	time_t shown = second + stamp->offset;
	long minutes = labs(stamp->offset) / 60;
	struct tm tm;

	if (!gmtime_r(&shown, &tm))
		tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
	put_digits(stamp->text, 4, tm.tm_year + 1900L);
	stamp->text[4] = '-';
	put_digits(stamp->text + 5, 2, tm.tm_mon + 1L);
	stamp->text[7] = '-';
	put_digits(stamp->text + 8, 2, tm.tm_mday);
	stamp->text[10] = 'T';
	put_digits(stamp->text + 11, 2, tm.tm_hour);
	stamp->text[13] = ':';
	put_digits(stamp->text + 14, 2, tm.tm_min);
	stamp->text[16] = ':';
	put_digits(stamp->text + 17, 2, tm.tm_sec);
	stamp->text[19] = '.';
	stamp->text[OFFSET_AT] = stamp->offset < 0 ? '-' : '+';
	put_digits(stamp->text + OFFSET_AT + 1, 2, minutes / 60);
	stamp->text[OFFSET_AT + 3] = ':';
	put_digits(stamp->text + OFFSET_AT + 4, 2, minutes % 60);
	stamp->text[STAMP_LEN] = '\0';
	stamp->second = second;
}

const char *stamp_text(struct stamp *stamp, struct timespec now)
{
	/* The clock may also have been set back. */
	if (now.tv_sec >= stamp->zone_until || now.tv_sec < stamp->zone_until - QUARTER) {
		struct tm tm = { 0 };

		localtime_r(&now.tv_sec, &tm);
		stamp->offset = tm.tm_gmtoff;
		stamp->zone_until = now.tv_sec - now.tv_sec % QUARTER + QUARTER;
		stamp->second = -1;
	}
	if (now.tv_sec != stamp->second)
		put_second(stamp, now.tv_sec);
	put_digits(stamp->text + FRACTION_AT, FRACTION_DIGITS, now.tv_nsec);
	return stamp->text;
}
