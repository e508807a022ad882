/* SPDX-License-Identifier: Apache-2.0 */
/* A recursive-descent parser straight over the text: there is no separate list of tokens. */
#include <ctype.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"
#include "cli/template_ast.h"

enum { MAX_DEPTH = 50 };

struct parser {
	const char *at;
	struct cli_template *t;
	struct keg_err *err;
	int depth;
	/* How the last list of nodes ended: "end", "else", or NULL for the end of the text. */
	const char *ended;
};

static int pipe_parse(struct parser *p, struct pipe **out);
static int nodes_parse(struct parser *p, struct node **out);

KEG_PRINTF(2, 3)
static int bad(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *why = keg_vprintf(fmt, ap);
	va_end(ap);
	return keg_fail(p->err, KEG_EUSAGE, "template: %s:1: %s", p->t->name, why);
}

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The word at p->at, taken when it equals `word`. */
static bool take_word(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(p->at, word, len) != 0 || is_word(p->at[len]))
		return false;
	p->at += len;
	return true;
}

/* At "}}" or " -}}"? */
static bool at_close(struct parser *p)
{
	skip_space(p);
	return strncmp(p->at, "}}", 2) == 0 ||
	       (p->at[0] == '-' && strncmp(p->at + 1, "}}", 2) == 0);
}

static int take_close(struct parser *p)
{
	if (!at_close(p))
		return *p->at ? bad(p, "unexpected \"%.8s\" in command", p->at)
			      : bad(p, "unclosed action");
	bool trims = *p->at == '-';
	p->at += trims ? 3 : 2;
	if (trims)
		skip_space(p);
	return 0;
}

static int string_parse(struct parser *p, struct json_object **out)
{
	auto(keg_buf) text = { 0 };
	char quote = *p->at++;

	for (; *p->at && *p->at != quote; p->at++) {
		static const char from[] = "ntr\"\\'", to[] = "\n\t\r\"\\'";

		if (*p->at != '\\' || quote == '`') {
			keg_buf_putc(&text, *p->at);
			continue;
		}
		const char *known = p->at[1] ? strchr(from, *++p->at) : NULL;
		if (!known)
			return bad(p, "unknown escape in a string");
		keg_buf_putc(&text, to[known - from]);
	}
	if (*p->at != quote)
		return bad(p, "unterminated quoted string");
	p->at++;
	*out = json_object_new_string_len(keg_buf_text(&text), (int)text.len);
	return 0;
}

static int number_parse(struct parser *p, struct json_object **out)
{
	size_t len = strspn(p->at, "+-0123456789.eE");
	autofree char *text = keg_strndup(p->at, len);
	char *end;
	int64_t whole;

	p->at += len;
	if (!strpbrk(text, ".eE")) {
		if (keg_parse_i64(text[0] == '+' ? text + 1 : text, &whole, p->err) < 0)
			return bad(p, "bad number syntax: \"%s\"", text);
		*out = json_object_new_int64(whole);
		return 0;
	}
	double value = strtod(text, &end);
	if (*end)
		return bad(p, "bad number syntax: \"%s\"", text);
	*out = json_object_new_double(value);
	return 0;
}

/* .A.B after an operand; a lone dot before a name only. */
static void fields_parse(struct parser *p, struct expr *e)
{
	auto(keg_strv) names = { 0 };

	while (*p->at == '.' && (isalpha((unsigned char)p->at[1]) || p->at[1] == '_')) {
		const char *start = ++p->at;

		while (is_word(*p->at))
			p->at++;
		keg_strv_take(&names, keg_strndup(start, (size_t)(p->at - start)));
	}
	e->n_fields = names.n;
	e->fields = keg_arena_alloc(&p->t->arena, names.n + 1, sizeof *e->fields);
	for (size_t i = 0; i < names.n; i++)
		e->fields[i] = keg_arena_strdup(&p->t->arena, names.v[i]);
}

static int parenthesis_parse(struct parser *p, struct expr *e)
{
	if (++p->depth > MAX_DEPTH)
		return bad(p, "nested deeper than %d", MAX_DEPTH);
	p->at++;
	e->kind = EXPR_PIPE;
	if (pipe_parse(p, &e->pipe) < 0)
		return -KEG_EUSAGE;
	skip_space(p);
	if (*p->at != ')')
		return bad(p, "unclosed left paren");
	p->at++;
	p->depth--;
	return 0;
}

static int word_parse(struct parser *p, struct expr *e)
{
	const char *start = p->at;

	while (is_word(*p->at) || (p->at == start && *p->at == '$'))
		p->at++;
	if (p->at == start)
		return bad(p, "unexpected \"%.8s\" in operand", p->at);
	e->name = keg_arena_strndup(&p->t->arena, start, (size_t)(p->at - start));
	if (*start == '$') {
		e->kind = EXPR_VARIABLE;
		return 0;
	}
	e->kind = EXPR_LITERAL;
	if (strcmp(e->name, "true") == 0 || strcmp(e->name, "false") == 0) {
		e->literal =
			template_keep(&p->t->arena, json_object_new_boolean(e->name[0] == 't'));
	} else if (strcmp(e->name, "nil") != 0) {
		e->kind = EXPR_FUNCTION;
		if (!template_is_function(e->name))
			return bad(p, "function \"%s\" not defined", e->name);
	}
	return 0;
}

static int operand_parse(struct parser *p, struct expr **out)
{
	struct expr *e = keg_arena_alloc(&p->t->arena, 1, sizeof *e);
	char c = *p->at;
	int r = 0;

	if (c == '"' || c == '`' || isdigit((unsigned char)c) || c == '-' || c == '+') {
		e->kind = EXPR_LITERAL;
		r = c == '"' || c == '`' ? string_parse(p, &e->literal)
					 : number_parse(p, &e->literal);
		if (r >= 0)
			template_keep(&p->t->arena, e->literal);
	} else if (c == '(') {
		r = parenthesis_parse(p, e);
	} else if (c == '.') {
		e->kind = EXPR_DOT;
		if (!isalpha((unsigned char)p->at[1]) && p->at[1] != '_')
			p->at++;
	} else {
		r = word_parse(p, e);
	}
	if (r < 0)
		return r;
	fields_parse(p, e);
	*out = e;
	return 0;
}

static int command_parse(struct parser *p, struct command **out)
{
	struct command *c = keg_arena_alloc(&p->t->arena, 1, sizeof *c);
	struct expr **next = &c->first;

	skip_space(p);
	while (*p->at && *p->at != '|' && *p->at != ')' && !at_close(p)) {
		if (operand_parse(p, next) < 0)
			return -KEG_EUSAGE;
		next = &(*next)->next;
		skip_space(p);
	}
	if (!c->first)
		return bad(p, "missing value for command");
	*out = c;
	return 0;
}

/* "$x :=", "$i, $x :=", "$x =" where they stand. */
static void variables_parse(struct parser *p, struct pipe *pipe)
{
	const char *start = p->at;
	size_t n = 0;

	while (*p->at == '$' && n < KEG_COUNT(pipe->variables)) {
		const char *name = p->at++;

		while (is_word(*p->at))
			p->at++;
		pipe->variables[n++] =
			keg_arena_strndup(&p->t->arena, name, (size_t)(p->at - name));
		skip_space(p);
		if (*p->at != ',')
			break;
		p->at++;
		skip_space(p);
	}
	pipe->assigns = *p->at == '=' && p->at[1] != '=';
	if (n > 0 && (pipe->assigns || strncmp(p->at, ":=", 2) == 0)) {
		p->at += pipe->assigns ? 1 : 2;
		pipe->n_variables = n;
	} else {
		p->at = start;
	}
}

static int pipe_parse(struct parser *p, struct pipe **out)
{
	struct pipe *pipe = keg_arena_alloc(&p->t->arena, 1, sizeof *pipe);
	struct command **next = &pipe->first;

	skip_space(p);
	variables_parse(p, pipe);
	for (;;) {
		if (command_parse(p, next) < 0)
			return -KEG_EUSAGE;
		next = &(*next)->next;
		if (*p->at != '|')
			break;
		p->at++;
	}
	*out = pipe;
	return 0;
}

/* if, range, with: up to their end; "else if" nests. */
static int block_parse(struct parser *p, enum node_kind kind, struct node *node)
{
	if (++p->depth > MAX_DEPTH)
		return bad(p, "nested deeper than %d", MAX_DEPTH);
	node->kind = kind;
	if (pipe_parse(p, &node->pipe) < 0 || take_close(p) < 0 || nodes_parse(p, &node->body) < 0)
		return -KEG_EUSAGE;
	if (!p->ended)
		return bad(p, "unexpected EOF");
	if (strcmp(p->ended, "else") == 0) {
		skip_space(p);
		bool chained = (kind == NODE_IF && take_word(p, "if")) ||
			       (kind == NODE_WITH && take_word(p, "with"));

		if (chained) {
			node->otherwise = keg_arena_alloc(&p->t->arena, 1, sizeof *node);
			p->depth--;
			return block_parse(p, kind, node->otherwise);
		}
		if (take_close(p) < 0 || nodes_parse(p, &node->otherwise) < 0)
			return -KEG_EUSAGE;
		if (!p->ended || strcmp(p->ended, "end") != 0)
			return bad(p, "expected end");
	}
	p->depth--;
	return take_close(p);
}

/* After "{{". 1: a node; 0: a comment; an "else" or "end" sets p->ended and gives 0. */
static int action_parse(struct parser *p, struct node *node)
{
	static const struct {
		const char *word;
		enum node_kind kind;
	} blocks[] = { { "if", NODE_IF }, { "range", NODE_RANGE }, { "with", NODE_WITH } };

	skip_space(p);
	if (strncmp(p->at, "/*", 2) == 0) {
		const char *end = strstr(p->at, "*/");

		if (!end)
			return bad(p, "unclosed comment");
		p->at = end + 2;
		return take_close(p);
	}
	if (take_word(p, "end")) {
		p->ended = "end";
		return 0;
	}
	if (take_word(p, "else")) {
		p->ended = "else";
		return 0;
	}
	for (size_t i = 0; i < KEG_COUNT(blocks); i++) {
		if (take_word(p, blocks[i].word))
			return block_parse(p, blocks[i].kind, node) < 0 ? -KEG_EUSAGE : 1;
	}
	if (take_word(p, "break") || take_word(p, "continue")) {
		node->kind = p->at[-1] == 'k' ? NODE_BREAK : NODE_CONTINUE;
		return take_close(p) < 0 ? -KEG_EUSAGE : 1;
	}
	if (take_word(p, "define") || take_word(p, "template") || take_word(p, "block"))
		return bad(p, "define, template and block are not supported");
	node->kind = NODE_ACTION;
	return pipe_parse(p, &node->pipe) < 0 || take_close(p) < 0 ? -KEG_EUSAGE : 1;
}

static struct node *text_node(struct parser *p, const char *text, size_t len)
{
	struct node *node = keg_arena_alloc(&p->t->arena, 1, sizeof *node);
	auto(keg_buf) plain = { 0 };

	for (size_t i = 0; i < len; i++) {
		bool escape = text[i] == '\\' && i + 1 < len && strchr("tn", text[i + 1]);

		keg_buf_putc(&plain, !escape ? text[i] : text[i + 1] == 't' ? '\t' : '\n');
		i += escape;
	}
	node->kind = NODE_TEXT;
	node->text = keg_arena_strdup(&p->t->arena, keg_buf_text(&plain));
	node->len = plain.len;
	return node;
}

static int nodes_parse(struct parser *p, struct node **out)
{
	struct node **next = out;

	p->ended = NULL;
	while (*p->at) {
		const char *open = strstr(p->at, "{{");
		size_t len = open ? (size_t)(open - p->at) : strlen(p->at);
		bool trims = open && open[2] == '-' && isspace((unsigned char)open[3]);

		while (trims && len > 0 && isspace((unsigned char)p->at[len - 1]))
			len--;
		if (len > 0) {
			*next = text_node(p, p->at, len);
			next = &(*next)->next;
		}
		if (!open)
			break;
		p->at = open + (trims ? 3 : 2);

		struct node *node = keg_arena_alloc(&p->t->arena, 1, sizeof *node);
		int r = action_parse(p, node);
		if (r < 0)
			return r;
		if (r == 0 && p->ended)
			return 0;
		p->ended = NULL;
		if (r > 0) {
			*next = node;
			next = &node->next;
		}
	}
	p->ended = NULL;
	p->at += strlen(p->at);
	return 0;
}

int cli_template_parse(const char *name, const char *text, struct cli_template **out,
		       struct keg_err *err)
{
	autoptr(cli_template) t = keg_alloc(1, sizeof *t);
	struct parser p = { .at = text, .t = t, .err = err };

	t->name = keg_arena_strdup(&t->arena, name);
	int r = nodes_parse(&p, &t->first);
	if (r >= 0 && p.ended)
		r = bad(&p, "unexpected {{%s}}", p.ended);
	if (r < 0)
		return r;
	*out = take_ptr(&t);
	return 0;
}

void cli_template_free(struct cli_template *t)
{
	if (t)
		keg_arena_done(&t->arena);
	free(t);
}
