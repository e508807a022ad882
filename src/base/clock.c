/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "base/mem.h"

enum { NS_DIGITS = 9 };

struct timespec keg_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now;
}

int64_t keg_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * KEG_NS_PER_S + now.tv_nsec;
}

/*
 * gmtime_r() without the reading of the local zone's file that the C library does at the first
 * call. Days are counted in eras of 400 years from the first of March, so that leap days come last.
 */
static struct tm utc_of(int64_t seconds)
{
	enum { DAY = 86400, ERA_DAYS = 146097, TO_EPOCH = 719468 };
	int64_t days = seconds / DAY - (seconds % DAY < 0), left = seconds - days * DAY;
	int64_t era = (days + TO_EPOCH) / ERA_DAYS - ((days + TO_EPOCH) % ERA_DAYS < 0);
	int64_t day = days + TO_EPOCH - era * ERA_DAYS; /* of the era */
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0 is March */

	return (struct tm){
		.tm_year = (int)(year + era * 400 + (month >= 10) - 1900),
		.tm_mon = (int)(month < 10 ? month + 2 : month - 10),
		.tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1),
		.tm_hour = (int)(left / 3600),
		.tm_min = (int)(left / 60 % 60),
		.tm_sec = (int)(left % 60),
	};
}

char *keg_time_format(struct timespec t)
{
	char seconds[64], fraction[NS_DIGITS + 2] = "";
	const struct tm tm = utc_of(t.tv_sec);

	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
	if (t.tv_nsec) {
		keg_format(fraction, sizeof fraction, ".%09u", (unsigned)t.tv_nsec % 1000000000U);
		for (size_t len = strlen(fraction); len > 1 && fraction[len - 1] == '0'; len--)
			fraction[len - 1] = '\0';
	}
	return keg_printf("%s%sZ", seconds, fraction);
}

char *keg_time_format_local(struct timespec t)
{
	char seconds[64];
	struct tm tm;

	localtime_r(&t.tv_sec, &tm);
	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);

	long minutes = tm.tm_gmtoff / 60;
	char sign = minutes < 0 ? '-' : '+';
	if (minutes < 0)
		minutes = -minutes;
	return keg_printf("%s.%09ld%c%02ld:%02ld", seconds, t.tv_nsec, sign, minutes / 60,
			  minutes % 60);
}

/* The digits after the point as nanoseconds; more than nine are cut. */
static long read_fraction(const char **text)
{
	long ns = 0, scale = KEG_NS_PER_S / 10;
	const char *at = *text + 1;

	for (; isdigit((unsigned char)*at); at++) {
		ns += (*at - '0') * scale;
		scale /= 10;
	}
	*text = at;
	return ns;
}

int keg_time_parse(const char *text, struct timespec *out, struct keg_err *err)
{
	struct tm tm = { 0 };
	const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	long ns = 0, offset = 0;

	if (!at)
		return keg_fail(err, KEG_EUSAGE, "\"%s\" is not an RFC 3339 time", text);
	if (*at == '.' && isdigit((unsigned char)at[1]))
		ns = read_fraction(&at);
	if (*at == '+' || *at == '-') {
		unsigned hours, minutes;
		int used = 0;

		if (sscanf(at + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || used != 5)
			return keg_fail(err, KEG_EUSAGE, "\"%s\" is not an RFC 3339 time", text);
		offset = ((long)hours * 3600 + (long)minutes * 60) * (*at == '-' ? -1 : 1);
		at += 6;
	} else if (*at == 'Z' || *at == 'z') {
		at++;
	} else {
		return keg_fail(err, KEG_EUSAGE, "\"%s\" is not an RFC 3339 time", text);
	}
	if (*at)
		return keg_fail(err, KEG_EUSAGE, "\"%s\" is not an RFC 3339 time", text);
	*out = (struct timespec){ .tv_sec = timegm(&tm) - offset, .tv_nsec = ns };
	return 0;
}

char *keg_duration_human(int64_t seconds)
{
	int64_t minutes = seconds / 60, hours = (seconds + 1800) / 3600;

	if (seconds < 1)
		return keg_strdup("Less than a second");
	if (seconds == 1)
		return keg_strdup("1 second");
	if (seconds < 60)
		return keg_printf("%jd seconds", (intmax_t)seconds);
	if (minutes == 1)
		return keg_strdup("About a minute");
	if (minutes < 60)
		return keg_printf("%jd minutes", (intmax_t)minutes);
	if (hours == 1)
		return keg_strdup("About an hour");
	if (hours < 48)
		return keg_printf("%jd hours", (intmax_t)hours);
	if (hours < INT64_C(24) * 7 * 2)
		return keg_printf("%jd days", (intmax_t)(hours / 24));
	if (hours < INT64_C(24) * 30 * 2)
		return keg_printf("%jd weeks", (intmax_t)(hours / 24 / 7));
	if (hours < INT64_C(24) * 365 * 2)
		return keg_printf("%jd months", (intmax_t)(hours / 24 / 30));
	return keg_printf("%jd years", (intmax_t)(seconds / 3600 / 24 / 365));
}

int keg_duration_parse(const char *text, int64_t *ns, struct keg_err *err)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "\xc2\xb5s", 1000 },
		{ "ms", 1000000 },
		{ "s", KEG_NS_PER_S },
		{ "m", 60 * KEG_NS_PER_S },
		{ "h", 3600 * KEG_NS_PER_S },
	};
	int sign = *text == '-' ? -1 : 1;
	const char *at = text + (*text == '-' || *text == '+');
	long double total = 0;

	if (!*at)
		return keg_fail(err, KEG_EUSAGE, "\"%s\" is not a duration", text);
	while (*at) {
		char *end;
		size_t u = KEG_COUNT(units);

		if (!isdigit((unsigned char)*at) && *at != '.')
			return keg_fail(err, KEG_EUSAGE, "\"%s\" is not a duration", text);
		size_t digits = strspn(at, "0123456789.");
		autofree char *number = keg_strndup(at, digits);
		long double value = strtold(number, &end);
		if (*end)
			return keg_fail(err, KEG_EUSAGE, "\"%s\" is not a duration", text);
		at += digits;
		if (!*at && total == 0) {
			total = value * KEG_NS_PER_S;
			break;
		}
		size_t len = strcspn(at, "0123456789.");
		while (u > 0 && (strlen(units[u - 1].name) != len ||
				 memcmp(units[u - 1].name, at, len) != 0))
			u--;
		if (u == 0)
			return keg_fail(err, KEG_EUSAGE, "\"%s\" is not a duration", text);
		total += value * units[u - 1].ns;
		at += len;
	}
	if (total > (long double)INT64_MAX)
		return keg_fail(err, KEG_EUSAGE, "duration \"%s\" is too long", text);
	*ns = sign * (int64_t)total;
	return 0;
}
