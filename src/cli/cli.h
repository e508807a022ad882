/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - commands as tables. One table is the parser, the help text, the shell
 * completion and the man page's option list; nothing is written twice.
 *
 * The layer: cli.c finds the command and runs it, parse.c fills an options struct,
 * help.c prints help, man.c the man page, complete.c the candidates for a shell. template.c
 * evaluates Go templates over JSON, table.c aligns columns, progress.c draws bars.
 *
 * Options are read as the peers' library (pflag) reads them: --name value, --name=value,
 * -n value, -nvalue, flags bundled; --flag=false; no abbreviations; "--" ends them.
 */
#ifndef KEG_CLI_CLI_H
#define KEG_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/strv.h"

enum cli_kind {
	CLI_END = 0,
	CLI_FLAG,     /* bool */
	CLI_TRISTATE, /* int: the caller starts it at -1, a flag makes it 0 or 1 */
	CLI_STRING,   /* const char *, within argv */
	CLI_STRINGS,  /* struct keg_strv: each use adds one member */
	CLI_LIST,     /* struct keg_strv: each use adds comma-separated members */
	CLI_INT,      /* int64_t */
	CLI_UINT,     /* uint64_t */
	CLI_BYTES,    /* uint64_t, "64m" */
	CLI_GROUP,    /* further rows, for a struct embedded at `at` */
};

enum cli_opt_flags {
	CLI_HIDDEN = 1,	  /* works, but is in no help: an alias or an internal option */
	CLI_REFUSED = 2,  /* a peer's option that is not built: refused with a clear error */
	CLI_FIRST = 8,	  /* of a program: only before the command's name */
	CLI_OPTIONAL = 4, /* the value may be left out: `fallback` stands then; only --name=value */
};

struct cli_opt {
	enum cli_kind kind;
	char brief; /* 'r' for -r, or 0 */
	const char *name;
	size_t at; /* where in the command's options struct */
	const char *arg;
	const char *help;
	unsigned flags;
	const char *fallback;
	const struct cli_opt *group;
};

/* Each row checks at compile time that the field has the type its kind writes. */
#define CLI_FIELD_(type, field, want) \
	(offsetof(type, field) + 0 * sizeof(char[_Generic(((type *)0)->field, want : 1)]))
#define CLI_ROW_(kind, want, brief, name, type, field, arg, help, ...)                     \
	{                                                                                  \
		kind, brief, name, CLI_FIELD_(type, field, want), arg, help, ##__VA_ARGS__ \
	}
/* Further arguments are .flags = ..., .fallback = "..." */
#define OPT_FLAG(brief, name, type, field, help, ...) \
	CLI_ROW_(CLI_FLAG, bool, brief, name, type, field, NULL, help, ##__VA_ARGS__)
#define OPT_TRISTATE(brief, name, type, field, help, ...) \
	CLI_ROW_(CLI_TRISTATE, int, brief, name, type, field, NULL, help, ##__VA_ARGS__)
#define OPT_STRING(brief, name, type, field, arg, help, ...) \
	CLI_ROW_(CLI_STRING, const char *, brief, name, type, field, arg, help, ##__VA_ARGS__)
#define OPT_STRINGS(brief, name, type, field, arg, help, ...) \
	CLI_ROW_(CLI_STRINGS, struct keg_strv, brief, name, type, field, arg, help, ##__VA_ARGS__)
#define OPT_LIST(brief, name, type, field, arg, help, ...) \
	CLI_ROW_(CLI_LIST, struct keg_strv, brief, name, type, field, arg, help, ##__VA_ARGS__)
#define OPT_INT(brief, name, type, field, arg, help, ...) \
	CLI_ROW_(CLI_INT, int64_t, brief, name, type, field, arg, help, ##__VA_ARGS__)
#define OPT_UINT(brief, name, type, field, arg, help, ...) \
	CLI_ROW_(CLI_UINT, uint64_t, brief, name, type, field, arg, help, ##__VA_ARGS__)
#define OPT_BYTES(brief, name, type, field, arg, help, ...) \
	CLI_ROW_(CLI_BYTES, uint64_t, brief, name, type, field, arg, help, ##__VA_ARGS__)
/* Options that several commands share: `rows` is a table for `struct what`. */
#define OPT_GROUP(type, field, what, rows)                                                   \
	{                                                                                    \
		.kind = CLI_GROUP, .at = CLI_FIELD_(type, field, struct what), .group = rows \
	}
/* An option that a peer has and this program does not: its argument's name, or NULL. */
#define OPT_REFUSED(brief, name, arg)                                                 \
	{                                                                             \
		(arg) ? CLI_STRING : CLI_FLAG, brief, name, 0, arg, NULL, CLI_REFUSED \
	}
#define OPT_END                 \
	{                       \
		.kind = CLI_END \
	}

struct cli_call {
	const struct cli_program *program;
	const struct cli_cmd *cmd;
	const char *path; /* "keg image prune", as typed */
	void *globals;	  /* the program's options struct */
	void *args;	  /* the command's options struct */
	char **operands;  /* NULL-terminated */
	int n_operands;
};

/* What an operand names, for completion. */
enum cli_operand { CLI_ANY = 0, CLI_CONTAINER, CLI_RUNNING, CLI_IMAGE, CLI_FILE, CLI_COMMAND };

struct cli_cmd {
	const char *name;	    /* within its group: "prune" of "image prune" */
	const char *const *aliases; /* NULL-terminated, or NULL */
	const char *operands;	    /* "IMAGE [COMMAND [ARG...]]", or NULL */
	const char *argp_operands;  /* where a peer's argp(3) has other words for them; or NULL */
	const char *summary;	    /* one line, no full stop */
	const char *alike; /* "runc create and crun create": whose options it takes; or NULL */
	const struct cli_opt *opts;
	size_t args_size; /* of the options struct, zeroed before defaults() */
	void (*defaults)(void *args);
	void (*done)(void *args); /* releases what run() left in it; lists are released anyway */
	int min, max;		  /* operands; max < 0: no limit */
	bool stop_at_operand;	  /* what follows the first operand belongs to it (run, exec) */
	bool hidden;
	const char *refused; /* a peer's command that is not built: why; only its help is there */
	enum cli_operand completes;
	/* The exit status (>= 0), or a negative error. */
	int (*run)(const struct cli_call *call, struct keg_err *err);
	const struct cli_cmd *const *subcommands; /* NULL-terminated: a group; run is NULL */
};

struct cli_program {
	const char *name, *summary, *version;
	/*
	 * Whose command lines it takes, or NULL. The help of such a program begins as the peers'
	 * does, with a paragraph NAME that says so, and so do those of its commands with `alike`.
	 */
	const char *alike;
	bool argp_usage;     /* the help has the line "Usage: NAME [OPTION...] COMMAND OPERANDS" */
	const char *unknown; /* the start of the error for a word that is no command, or NULL */
	/* What the flag "version" prints; NULL: "NAME version VERSION". */
	void (*print_version)(const void *globals, FILE *to);
	const struct cli_opt *opts; /* global options; a flag "version" prints the version */
	size_t globals_size;
	bool globals_anywhere; /* after the command's name too, as pflag's persistent flags */
	void (*defaults)(void *globals);
	/* After the global options are read: log level, environment. May be NULL. */
	int (*start)(const void *globals, struct keg_err *err);
	const struct cli_cmd *const *commands; /* NULL-terminated, in the order of the help */
	const struct cli_cmd *only; /* a program that is one command; no commands, no opts */
	int error_status;	    /* of an own error */
	int no_image_status;	    /* of KEG_ENOIMAGE; 0: error_status */
	/* The candidates for an operand, for completion; may be NULL. */
	void (*candidates)(const void *globals, enum cli_operand kind, struct keg_strv *out);
	/* Prints an error its own way (the runtime's JSON log); NULL: "Error: ...". */
	void (*report)(const void *globals, const struct keg_err *err);
};

/* The whole of main(): read, run, report, and the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* What a code from below ends the program with: 126, 127, or `fallback`. */
int cli_exit_status(const struct keg_err *err, int fallback);

struct cli_parse {
	const char *path; /* for messages */
	const struct cli_opt *opts;
	void *out; /* the struct that `opts` is for */
	/* The program's options, which stand after a command's name too, by their long names. */
	const struct cli_opt *global_opts;
	void *globals;
	bool stop_at_operand;
	bool help; /* set by --help, -h and -? where no row takes them */
};

/*
 * Fill the structs; returns the index of the first operand. Where options and operands may
 * mix (stop_at_operand false), argv is reordered: operands last.
 */
int cli_parse(struct cli_parse *p, int argc, char **argv, struct keg_err *err) KEG_MUST_CHECK;

/* Release the lists that the rows of `opts` filled. */
void cli_args_done(const struct cli_opt *opts, void *out);

/*
 * The row for a name or a brief letter, groups included, or NULL. *base, which starts at 0,
 * gets the offset of the struct that the row is for.
 */
const struct cli_opt *cli_opt_find(const struct cli_opt *opts, const char *name, size_t len,
				   size_t *base);
const struct cli_opt *cli_opt_find_brief(const struct cli_opt *opts, char brief, size_t *base);

/* Does the option take a value? */
bool cli_opt_takes_value(const struct cli_opt *o);

/* Is it in the help: neither hidden, refused nor a group? */
bool cli_opt_is_listed(const struct cli_opt *o);

/* Is `name` the command's name or one of its aliases? */
bool cli_cmd_is(const struct cli_cmd *cmd, const char *name);

/* `cmd` NULL: the program itself. */
void cli_help(const struct cli_program *program, const struct cli_cmd *cmd, const char *path,
	      FILE *to);
/* The man page: its options and synopsis from the table around the prose in `body` (roff). */
void cli_man(const struct cli_program *program, const struct cli_cmd *cmd, const char *path,
	     const char *body, FILE *to);
/* Print the candidates for the last of `argv`, a line each; `globals` gets what the others say. */
void cli_complete(const struct cli_program *program, void *globals, int argc, char **argv,
		  FILE *to);

#endif
