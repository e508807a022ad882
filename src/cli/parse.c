/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are pflag's, which the peers' users and scripts know. */
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "cli/cli.h"

const struct cli_opt *cli_opt_find(const struct cli_opt *opts, const char *name, size_t len,
				   size_t *base)
{
	for (const struct cli_opt *o = opts; o && o->kind; o++) {
		if (o->kind == CLI_GROUP) {
			size_t inner = *base + o->at;
			const struct cli_opt *found = cli_opt_find(o->group, name, len, &inner);

			if (found) {
				*base = inner;
				return found;
			}
		} else if (strlen(o->name) == len && memcmp(o->name, name, len) == 0) {
			return o;
		}
	}
	return NULL;
}

const struct cli_opt *cli_opt_find_brief(const struct cli_opt *opts, char brief, size_t *base)
{
	for (const struct cli_opt *o = opts; o && o->kind; o++) {
		if (o->kind == CLI_GROUP) {
			size_t inner = *base + o->at;
			const struct cli_opt *found = cli_opt_find_brief(o->group, brief, &inner);

			if (found) {
				*base = inner;
				return found;
			}
		} else if (o->brief == brief) {
			return o;
		}
	}
	return NULL;
}

bool cli_opt_takes_value(const struct cli_opt *o)
{
	return o->kind != CLI_FLAG && o->kind != CLI_TRISTATE;
}

bool cli_opt_is_listed(const struct cli_opt *o)
{
	return o->kind != CLI_GROUP && !(o->flags & (CLI_HIDDEN | CLI_REFUSED));
}

static int parse_truth(const char *text, bool *out)
{
	static const char *const words[][2] = {
		{ "true", "false" }, { "1", "0" },	  { "t", "f" },
		{ "TRUE", "FALSE" }, { "True", "False" }, { "T", "F" },
	};

	for (size_t i = 0; i < KEG_COUNT(words); i++) {
		if (strcmp(text, words[i][0]) == 0 || strcmp(text, words[i][1]) == 0) {
			*out = strcmp(text, words[i][0]) == 0;
			return 0;
		}
	}
	return -1;
}

/* As pflag names an option: "-e, --env". */
static int invalid(const struct cli_opt *o, const char *value, const char *why, struct keg_err *err)
{
	const char brief[] = { '-', o->brief, ',', ' ', '\0' };

	return keg_fail(err, KEG_EUSAGE, "invalid argument \"%s\" for \"%s--%s\" flag: %s", value,
			o->brief ? brief : "", o->name, why);
}

static int store_number(const struct cli_opt *o, void *field, const char *value,
			struct keg_err *err)
{
	int r;

	if (o->kind == CLI_INT)
		r = keg_parse_i64(value, field, err);
	else if (o->kind == CLI_UINT)
		r = keg_parse_u64(value, field, err);
	else
		r = keg_parse_bytes(value, field, err);
	if (r < 0) {
		autofree char *why = keg_strdup(err->msg);

		return invalid(o, value, why, err);
	}
	return 0;
}

static int store(const struct cli_opt *o, void *field, const char *value, struct keg_err *err)
{
	bool truth = true;

	if (o->flags & CLI_REFUSED) {
		keg_fail(err, KEG_EUNSUPPORTED, "option --%s is not supported", o->name);
		return keg_hint(err, "leave --%s out; nothing was done", o->name);
	}
	if (!value && cli_opt_takes_value(o))
		keg_bug("an option's value was not given");
	switch (o->kind) {
	case CLI_FLAG:
	case CLI_TRISTATE:
		if (value && parse_truth(value, &truth) < 0)
			return invalid(o, value, "not true or false", err);
		if (o->kind == CLI_FLAG)
			*(bool *)field = truth;
		else
			*(int *)field = truth;
		return 0;
	case CLI_STRING:
		*(const char **)field = value;
		return 0;
	case CLI_STRINGS:
		keg_strv_add(field, value);
		return 0;
	case CLI_LIST:
		if (keg_str_empty(value))
			keg_strv_add(field, "");
		else
			keg_strv_split(field, value, ',');
		return 0;
	default:
		return store_number(o, field, value, err);
	}
}

/* The row for a long name and the field that it fills; a command's own rows come first. */
static const struct cli_opt *find_long(const struct cli_parse *p, const char *name, size_t len,
				       void **field)
{
	size_t base = 0;
	char *out = p->out;
	const struct cli_opt *o = cli_opt_find(p->opts, name, len, &base);

	if (!o && p->global_opts) {
		base = 0;
		out = p->globals;
		o = cli_opt_find(p->global_opts, name, len, &base);
		if (o && (o->flags & CLI_FIRST))
			o = NULL;
	}
	if (o)
		*field = out + base + o->at;
	return o;
}

/* --name, --name=value, --name value. Returns how many words it used. */
static int parse_long(struct cli_parse *p, char **argv, struct keg_err *err)
{
	const char *name = argv[0] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	void *field = NULL;
	const struct cli_opt *o = find_long(p, name, len, &field);
	const char *value = equals ? equals + 1 : NULL;
	int used = 1;

	if (!o && len == 4 && memcmp(name, "help", 4) == 0) {
		p->help = true;
		return 1;
	}
	if (!o)
		return keg_fail(err, KEG_EUSAGE, "unknown flag: --%.*s", (int)len, name);
	if (cli_opt_takes_value(o) && !value && (o->flags & CLI_OPTIONAL)) {
		value = o->fallback;
	} else if (cli_opt_takes_value(o) && !value) {
		value = argv[1];
		used = 2;
		if (!value)
			return keg_fail(err, KEG_EUSAGE, "flag needs an argument: --%s", o->name);
	}

	int r = store(o, field, value, err);
	return r < 0 ? r : used;
}

/* -a, -abc, -ovalue, -o=value, -o value. Returns how many words it used. */
static int parse_brief(struct cli_parse *p, char **argv, struct keg_err *err)
{
	for (const char *at = argv[0] + 1; *at; at++) {
		size_t base = 0;
		const struct cli_opt *o = cli_opt_find_brief(p->opts, *at, &base);
		const char *value = NULL;

		if (!o && (*at == 'h' || *at == '?')) {
			p->help = true;
			return 1;
		}
		if (!o)
			return keg_fail(err, KEG_EUSAGE, "unknown shorthand flag: '%c' in %s", *at,
					argv[0]);
		bool wants = cli_opt_takes_value(o);
		if (at[1] == '=')
			value = at + 2;
		else if (wants && at[1])
			value = at + 1;
		else if (wants && (o->flags & CLI_OPTIONAL))
			value = o->fallback;
		else if (wants)
			value = argv[1];
		if (wants && !value)
			return keg_fail(err, KEG_EUSAGE, "flag needs an argument: '%c' in %s", *at,
					argv[0]);

		int r = store(o, (char *)p->out + base + o->at, value, err);
		if (r < 0)
			return r;
		if (value)
			return value == argv[1] ? 2 : 1;
	}
	return 1;
}

int cli_parse(struct cli_parse *p, int argc, char **argv, struct keg_err *err)
{
	autofree char **operands = keg_alloc((size_t)argc + 1, sizeof *operands);
	int i = 1, n = 0;

	while (i < argc) {
		char *word = argv[i];

		if (word[0] != '-' || !word[1]) {
			if (p->stop_at_operand)
				break;
			operands[n++] = word;
			i++;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			i++;
			break;
		}
		int used = word[1] == '-' ? parse_long(p, argv + i, err)
					  : parse_brief(p, argv + i, err);
		if (used < 0)
			return err->hint[0] ? used : keg_hint(err, "See '%s --help'", p->path);
		i += used;
	}
	while (i < argc)
		operands[n++] = argv[i++];
	if (n > 0)
		memcpy(argv + argc - n, operands, (size_t)n * sizeof *operands);
	return argc - n;
}

void cli_args_done(const struct cli_opt *opts, void *out)
{
	for (const struct cli_opt *o = opts; o && o->kind; o++) {
		void *field = (char *)out + o->at;

		if (o->kind == CLI_GROUP)
			cli_args_done(o->group, field);
		else if ((o->kind == CLI_STRINGS || o->kind == CLI_LIST) &&
			 !(o->flags & CLI_REFUSED))
			keg_strv_done(field);
	}
}
