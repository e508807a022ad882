/* SPDX-License-Identifier: Apache-2.0 */
/* Properties from annotations. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"
#include "os/cgroup_systemd.h"

enum { NAME_MIN = 3, TEXTS_MAX = 256, USEC = 1000000 };

static const struct {
	const char *word;
	char type;
	int64_t min;
	uint64_t max;
} types[] = {
	{ "byte", 'y', 0, UINT8_MAX },
	{ "int16", 'n', INT16_MIN, INT16_MAX },
	{ "uint16", 'q', 0, UINT16_MAX },
	{ "int32", 'i', INT32_MIN, INT32_MAX }, /* also what has no word */
	{ "uint32", 'u', 0, UINT32_MAX },
	{ "int64", 'x', INT64_MIN, INT64_MAX },
	{ "uint64", 't', 0, UINT64_MAX },
};

static const char *skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static int malformed(const char *name, const char *value, struct keg_err *err)
{
	return keg_fail(err, KEG_EUSAGE, "systemd property %s: value %s is malformed", name, value);
}

/* A quoted text; NULL when it is none, else *at is behind it. */
static const char *read_text(struct unit_properties *list, const char **at)
{
	char quote = **at;
	const char *from = *at + 1;
	char *text, *to;

	if (quote != '\'' && quote != '"')
		return NULL;
	to = text = keg_arena_alloc(&list->arena, strlen(from) + 1, 1);
	for (; *from && *from != quote; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	if (!*from)
		return NULL;
	*at = skip_space(from + 1);
	return text;
}

static int parse_texts(struct unit_properties *list, const char *name, const char *value,
		       struct keg_err *err)
{
	const char **texts = keg_arena_alloc(&list->arena, TEXTS_MAX, sizeof *texts);
	const char *at = skip_space(value + 1);
	size_t n = 0;

	while (*at != ']') {
		if (n == TEXTS_MAX || !(texts[n++] = read_text(list, &at)))
			return malformed(name, value, err);
		if (*at == ',')
			at = skip_space(at + 1);
		else if (*at != ']')
			return malformed(name, value, err);
	}
	if (*skip_space(at + 1))
		return malformed(name, value, err);
	unit_properties_add(list,
			    &(struct systemd_property){
				    .name = name, .kind = SYSTEMD_TEXTS, .texts = texts, .n = n });
	return 0;
}

static int parse_number(const char *name, const char *value, struct systemd_property *out,
			struct keg_err *err)
{
	size_t word = strcspn(value, " \t"), row = 0;
	const char *digits = value;
	int64_t negative = 0;

	while (row < KEG_COUNT(types) &&
	       (strlen(types[row].word) != word || strncmp(value, types[row].word, word) != 0))
		row++;
	if (row < KEG_COUNT(types))
		digits = skip_space(value + word);
	else
		row = 3;
	out->type = types[row].type;
	if (digits[0] == '-') {
		if (keg_parse_i64(digits, &negative, err) < 0 || negative < types[row].min)
			return malformed(name, value, err);
		out->number = (uint64_t)negative;
		return 0;
	}
	if (keg_parse_u64(digits, &out->number, err) < 0 || out->number > types[row].max)
		return malformed(name, value, err);
	return 0;
}

/* In seconds, of any type, to microseconds. */
static int convert_seconds(struct unit_properties *list, struct systemd_property *p,
			   const char *value, struct keg_err *err)
{
	bool is_negative = strchr("nix", p->type) && (int64_t)p->number < 0;

	if (p->type == 'b' || is_negative || p->number > UINT64_MAX / USEC)
		return malformed(p->name, value, err);
	p->name = keg_arena_printf(&list->arena, "%.*sUSec", (int)strlen(p->name) - 3, p->name);
	p->type = 't';
	p->number *= USEC;
	return 0;
}

static int check_name(const char *name, struct keg_err *err)
{
	size_t n = 0;

	while (isalpha((unsigned char)name[n]) && (unsigned char)name[n] < 0x80)
		n++;
	if (n < NAME_MIN || name[n])
		return keg_fail(err, KEG_EUSAGE,
				"systemd property name %.64s is not three or more letters", name);
	return 0;
}

int unit_property_parse(struct unit_properties *list, const char *name, const char *value,
			struct keg_err *err)
{
	struct systemd_property p = { .name = keg_arena_strdup(&list->arena, name),
				      .kind = SYSTEMD_NUMBER };
	int r = check_name(name, err);

	value = skip_space(value);
	if (r < 0)
		return r;
	if (value[0] == '[')
		return parse_texts(list, p.name, value, err);
	if (value[0] == '\'' || value[0] == '"') {
		const char *at = value;

		p.kind = SYSTEMD_TEXT;
		p.text = read_text(list, &at);
		if (!p.text || *at)
			return malformed(name, value, err);
	} else if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
		p.type = 'b';
		p.number = value[0] == 't';
	} else {
		r = parse_number(name, value, &p, err);
	}
	if (r >= 0 && keg_str_ends(name, "Sec") && !keg_str_ends(name, "USec"))
		r = p.kind == SYSTEMD_TEXT ? malformed(name, value, err)
					   : convert_seconds(list, &p, value, err);
	if (r >= 0)
		unit_properties_add(list, &p);
	return r;
}
