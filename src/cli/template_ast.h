/* SPDX-License-Identifier: Apache-2.0 */
/* template_ast.h - what template_parse.c makes and template_run.c evaluates. */
#ifndef KEG_CLI_TEMPLATE_AST_H
#define KEG_CLI_TEMPLATE_AST_H

#include "base/json.h"
#include "base/mem.h"
#include "cli/template.h"

enum expr_kind { EXPR_DOT, EXPR_VARIABLE, EXPR_LITERAL, EXPR_FUNCTION, EXPR_PIPE };

/* An operand with the fields taken from it: .A.B, $x.A, (pipe).A, "text", name */
struct expr {
	enum expr_kind kind;
	const char *name;	     /* of the variable ("$" included) or the function */
	struct json_object *literal; /* owned by the arena */
	struct pipe *pipe;
	const char **fields;
	size_t n_fields;
	struct expr *next;
};

/* operand operand ...; the first may be a function and the rest are its arguments. */
struct command {
	struct expr *first;
	struct command *next;
};

/* $i, $x := command | command */
struct pipe {
	const char *variables[2];
	size_t n_variables;
	bool assigns; /* = rather than := */
	struct command *first;
};

enum node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_BREAK,
	NODE_CONTINUE
};

struct node {
	enum node_kind kind;
	const char *text;
	size_t len;
	struct pipe *pipe;
	struct node *body, *otherwise;
	struct node *next;
};

struct cli_template {
	struct keg_arena arena;
	const char *name;
	struct node *first;
};

/* A call's arguments; the result lives in the arena's care or in an argument. */
struct template_call {
	const char *name;
	struct json_object **args;
	size_t n;
	struct keg_arena *arena;
	struct keg_err *err;
};

/* Call a function by name (template_func.c); KEG_EUSAGE when it does not know its arguments. */
int template_call(const struct template_call *call, struct json_object **out) KEG_MUST_CHECK;
bool template_is_function(const char *name);
/* Go's idea of truth: empty, zero, nil and false are not. */
bool template_truth(struct json_object *value);
/* Keep a new value alive as long as the arena. */
struct json_object *template_keep(struct keg_arena *arena, struct json_object *value);

#endif
