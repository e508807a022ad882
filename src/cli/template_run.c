/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "base/strv.h"
#include "cli/template_ast.h"

struct variable {
	const char *name;
	struct json_object *value;
	struct variable *before;
};

enum flow { FLOW_ON = 0, FLOW_BREAK = 1, FLOW_CONTINUE = 2 };

struct run {
	const struct cli_template *t;
	struct json_object *root;
	struct variable *variables;
	struct keg_arena arena; /* values made on the way */
	struct keg_buf *out;
	struct keg_err *err;
};

static int pipe_value(struct run *run, const struct pipe *pipe, struct json_object *dot,
		      struct json_object **out);
static int nodes_run(struct run *run, const struct node *node, struct json_object *dot);

struct json_object *template_keep(struct keg_arena *arena, struct json_object *value)
{
	if (value)
		keg_arena_defer(arena, (void (*)(void *))(void *)json_object_put, value);
	return value;
}

/* A member by its name or, as Go's fields and their JSON names differ so, in any case. */
static bool find_member(struct json_object *obj, const char *name, struct json_object **out)
{
	if (json_object_object_get_ex(obj, name, out))
		return true;
	json_object_object_foreach(obj, key, value)
	{
		if (strcasecmp(key, name) == 0) {
			*out = value;
			return true;
		}
	}
	return false;
}

static int take_fields(struct run *run, const struct expr *e, struct json_object *value,
		       struct json_object **out)
{
	for (size_t i = 0; i < e->n_fields; i++) {
		struct json_object *inner = NULL;
		bool found = json_object_is_type(value, json_type_object) &&
			     find_member(value, e->fields[i], &inner);

		if (!found && (value == run->root ||
			       (value && !json_object_is_type(value, json_type_object))))
			return keg_fail(run->err, KEG_EUSAGE,
					"template: %s:1: can't evaluate field %s", run->t->name,
					e->fields[i]);
		value = inner;
	}
	*out = value;
	return 0;
}

static int variable_value(struct run *run, const char *name, struct json_object **out)
{
	for (struct variable *v = run->variables; v; v = v->before) {
		if (strcmp(v->name, name) == 0) {
			*out = v->value;
			return 0;
		}
	}
	if (strcmp(name, "$") != 0)
		return keg_fail(run->err, KEG_EUSAGE, "template: %s:1: undefined variable \"%s\"",
				run->t->name, name);
	*out = run->root;
	return 0;
}

static int expr_value(struct run *run, const struct expr *e, struct json_object *dot,
		      struct json_object **out)
{
	struct json_object *value = NULL;
	int r = 0;

	switch (e->kind) {
	case EXPR_DOT:
		value = dot;
		break;
	case EXPR_VARIABLE:
		r = variable_value(run, e->name, &value);
		break;
	case EXPR_LITERAL:
		value = e->literal;
		break;
	case EXPR_PIPE:
		r = pipe_value(run, e->pipe, dot, &value);
		break;
	case EXPR_FUNCTION: {
		const struct template_call call = { e->name, NULL, 0, &run->arena, run->err };

		r = template_call(&call, &value);
		break;
	}
	}
	return r < 0 ? r : take_fields(run, e, value, out);
}

/* `piped` is the value from before the '|', the last argument, when `has_piped`. */
static int command_value(struct run *run, const struct command *c, struct json_object *dot,
			 struct json_object *piped, bool has_piped, struct json_object **out)
{
	size_t n = 0, room = has_piped;

	for (const struct expr *e = c->first->next; e; e = e->next)
		room++;
	if (c->first->kind != EXPR_FUNCTION) {
		if (room > 0)
			return keg_fail(run->err, KEG_EUSAGE,
					"template: %s:1: can't give argument to non-function",
					run->t->name);
		return expr_value(run, c->first, dot, out);
	}

	struct json_object **args =
		keg_arena_alloc(&run->arena, room + 1, sizeof(struct json_object *));
	for (const struct expr *e = c->first->next; e; e = e->next) {
		int r = expr_value(run, e, dot, &args[n++]);

		if (r < 0)
			return r;
	}
	if (has_piped)
		args[n++] = piped;

	const struct template_call call = { c->first->name, args, n, &run->arena, run->err };
	return template_call(&call, out);
}

static void set_variable(struct run *run, const struct pipe *pipe, size_t i,
			 struct json_object *value)
{
	struct variable *v = run->variables;

	while (pipe->assigns && v && strcmp(v->name, pipe->variables[i]) != 0)
		v = v->before;
	if (!pipe->assigns || !v) {
		v = keg_arena_alloc(&run->arena, 1, sizeof *v);
		*v = (struct variable){ .name = pipe->variables[i], .before = run->variables };
		run->variables = v;
	}
	v->value = value;
}

static int pipe_value(struct run *run, const struct pipe *pipe, struct json_object *dot,
		      struct json_object **out)
{
	struct json_object *value = NULL;

	for (const struct command *c = pipe->first; c; c = c->next) {
		int r = command_value(run, c, dot, value, c != pipe->first, &value);

		if (r < 0)
			return r;
	}
	*out = value;
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of an object in Go's order for maps: sorted. */
static const char **sorted_keys(struct json_object *map, size_t *n)
{
	*n = (size_t)json_object_object_length(map);

	const char **keys = keg_alloc(*n + 1, sizeof *keys);
	size_t i = 0;
	json_object_object_foreach(map, key, value)
	{
		(void)value;
		keys[i++] = key;
	}
	qsort(keys, *n, sizeof *keys, by_key);
	return keys;
}

static int range_step(struct run *run, const struct node *node, struct json_object *key,
		      struct json_object *value)
{
	struct variable *before = run->variables;

	if (node->pipe->n_variables == 2) {
		set_variable(run, node->pipe, 0, key);
		set_variable(run, node->pipe, 1, value);
	} else if (node->pipe->n_variables == 1) {
		set_variable(run, node->pipe, 0, value);
	}
	int r = nodes_run(run, node->body, value);
	if (!node->pipe->assigns)
		run->variables = before;
	return r;
}

static int range_run(struct run *run, const struct node *node, struct json_object *dot)
{
	struct json_object *over = NULL;
	int r = pipe_value(run, node->pipe, dot, &over);

	if (r < 0)
		return r;
	if (!template_truth(over))
		return nodes_run(run, node->otherwise, dot);
	if (json_object_is_type(over, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(over) && r >= 0; i++) {
			struct json_object *key =
				template_keep(&run->arena, json_object_new_int64((int64_t)i));

			r = range_step(run, node, key, json_object_array_get_idx(over, i));
			if (r == FLOW_BREAK)
				return FLOW_ON;
		}
		return r < 0 ? r : FLOW_ON;
	}
	if (!json_object_is_type(over, json_type_object))
		return keg_fail(run->err, KEG_EUSAGE, "template: %s:1: range can't iterate over %s",
				run->t->name, json_object_to_json_string(over));

	size_t n;
	autofree const char **keys = sorted_keys(over, &n);
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct json_object *key =
			template_keep(&run->arena, json_object_new_string(keys[i]));

		r = range_step(run, node, key, json_object_object_get(over, keys[i]));
		if (r == FLOW_BREAK)
			return FLOW_ON;
	}
	return r < 0 ? r : FLOW_ON;
}

static int branch_run(struct run *run, const struct node *node, struct json_object *dot)
{
	struct variable *before = run->variables;
	struct json_object *value = NULL;
	int r = pipe_value(run, node->pipe, dot, &value);

	if (r < 0)
		return r;
	if (node->pipe->n_variables > 0)
		set_variable(run, node->pipe, 0, value);
	if (template_truth(value)) {
		r = nodes_run(run, node->body, node->kind == NODE_WITH ? value : dot);
	} else if (node->otherwise) {
		r = nodes_run(run, node->otherwise, dot);
	}
	run->variables = before;
	return r;
}

static int action_run(struct run *run, const struct node *node, struct json_object *dot)
{
	struct json_object *value = NULL;
	int r = pipe_value(run, node->pipe, dot, &value);

	if (r < 0)
		return r;
	if (node->pipe->n_variables > 0)
		set_variable(run, node->pipe, 0, value);
	else
		cli_value_print(value, run->out);
	return 0;
}

static int nodes_run(struct run *run, const struct node *node, struct json_object *dot)
{
	for (int r; node; node = node->next) {
		switch (node->kind) {
		case NODE_TEXT:
			keg_buf_add(run->out, node->text, node->len);
			continue;
		case NODE_ACTION:
			r = action_run(run, node, dot);
			break;
		case NODE_RANGE:
			r = range_run(run, node, dot);
			break;
		case NODE_BREAK:
			return FLOW_BREAK;
		case NODE_CONTINUE:
			return FLOW_CONTINUE;
		default:
			r = branch_run(run, node, dot);
			break;
		}
		if (r != FLOW_ON)
			return r;
	}
	return FLOW_ON;
}

int cli_template_run(const struct cli_template *t, struct json_object *data, struct keg_buf *out,
		     struct keg_err *err)
{
	struct run run = { .t = t, .root = data, .out = out, .err = err };
	int r = nodes_run(&run, t->first, data);

	keg_arena_done(&run.arena);
	return r < 0 ? r : 0;
}

void cli_value_print(struct json_object *value, struct keg_buf *out)
{
	if (!value) {
		keg_buf_puts(out, "<no value>");
	} else if (json_object_is_type(value, json_type_string)) {
		keg_buf_puts(out, json_object_get_string(value));
	} else if (json_object_is_type(value, json_type_double)) {
		keg_buf_printf(out, "%.15g", json_object_get_double(value));
	} else if (json_object_is_type(value, json_type_array)) {
		keg_buf_putc(out, '[');
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			if (i > 0)
				keg_buf_putc(out, ' ');
			cli_value_print(json_object_array_get_idx(value, i), out);
		}
		keg_buf_putc(out, ']');
	} else if (json_object_is_type(value, json_type_object)) {
		size_t n;
		autofree const char **keys = sorted_keys(value, &n);

		keg_buf_puts(out, "map[");
		for (size_t i = 0; i < n; i++) {
			keg_buf_printf(out, "%s%s:", i ? " " : "", keys[i]);
			cli_value_print(json_object_object_get(value, keys[i]), out);
		}
		keg_buf_putc(out, ']');
	} else {
		keg_buf_puts(out, json_object_to_json_string(value));
	}
}

bool cli_format_is_json(const char *format)
{
	while (*format == ' ')
		format++;
	size_t len = strlen(format);
	while (len > 0 && format[len - 1] == ' ')
		len--;
	return (len == 4 && memcmp(format, "json", 4) == 0) || strcmp(format, "{{json .}}") == 0 ||
	       strcmp(format, "{{ json .}}") == 0 || strcmp(format, "{{ json . }}") == 0;
}
