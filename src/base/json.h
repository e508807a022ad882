/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - json-c, strict and bounded, and structs filled from JSON through tables.
 *
 * A table row says {name, kind, where in the struct}; the same table decodes, encodes and
 * names the field in an error. Decoded data lives in an arena. Numbers are exact over
 * all of int64 and uint64. Absent and null members leave the field zero.
 */
#ifndef KEG_BASE_JSON_H
#define KEG_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

enum { KEG_JSON_DEPTH = 64 };

/*
 * Parse all of `len` bytes: one value, UTF-8, at most KEG_JSON_DEPTH deep, nothing after it
 * but white space; KEG_ECORRUPT with the offset otherwise. The caller puts *out.
 */
int keg_json_parse(const char *text, size_t len, struct json_object **out,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Read and parse a file of at most `most` bytes. */
int keg_json_read(int dirfd, const char *path, size_t most, struct json_object **out,
		  struct keg_err *err) KEG_MUST_CHECK;

static inline void auto_json_put_(struct json_object **slot)
{
	if (*slot)
		json_object_put(*slot);
}
#define autojson __attribute__((cleanup(auto_json_put_))) struct json_object *

/* A member of an object, or NULL (also when `obj` is NULL or no object, or it is null). */
struct json_object *keg_json_get(struct json_object *obj, const char *name);
/* The same as text or number when it has that type, else the fallback. */
const char *keg_json_str(struct json_object *obj, const char *name, const char *fallback);
int64_t keg_json_i64(struct json_object *obj, const char *name, int64_t fallback);
bool keg_json_bool(struct json_object *obj, const char *name, bool fallback);

/* Numbers that are written without libc's printf; see format.h. */
struct json_object *keg_json_new_i64(int64_t value);
struct json_object *keg_json_new_u64(uint64_t value);

/* The names of an object's members, sorted by bytes; appended. */
void keg_json_names(struct json_object *obj, struct keg_strv *out);

/* Put a member; NULL text puts nothing. */
void keg_json_put_str(struct json_object *obj, const char *name, const char *text);

/* Go's escaping: as compact JSON with '/' plain; appended to *out. */
void keg_json_print(struct json_object *value, struct keg_buf *out);
/* Five spaces a level, as the peers' inspect commands print; appended. */
void keg_json_print_pretty(struct json_object *value, struct keg_buf *out);
/* `indent` spaces a level (the peers' lists have four). */
void keg_json_print_indented(struct json_object *value, int indent, struct keg_buf *out);

enum keg_json_kind {
	KEG_JSON_END_ = 0,
	KEG_JSON_BOOL,	   /* bool */
	KEG_JSON_INT,	   /* int, range-checked */
	KEG_JSON_U32,	   /* uint32_t, range-checked */
	KEG_JSON_I64,	   /* int64_t */
	KEG_JSON_U64,	   /* uint64_t */
	KEG_JSON_BOOL_PTR, /* const bool *: NULL when absent */
	KEG_JSON_INT_PTR,
	KEG_JSON_U32_PTR,
	KEG_JSON_I64_PTR,
	KEG_JSON_U64_PTR,
	KEG_JSON_STR,  /* const char * */
	KEG_JSON_STRV, /* const char **, NULL-terminated, and a size_t count */
	KEG_JSON_U32V, /* uint32_t * and a count */
	KEG_JSON_OBJ,  /* struct x *: NULL when absent */
	KEG_JSON_OBJV, /* struct x * array and a count */
	KEG_JSON_MAP,  /* struct keg_pair * and a count; values are strings */
	KEG_JSON_KEYS, /* {"a":{},"b":{}} as const char ** and a count */
	KEG_JSON_RAW,  /* struct json_object *, kept alive by the arena; any value */
};

enum keg_json_flags {
	KEG_JSON_REQUIRED = 1, /* absent: KEG_ECORRUPT naming the field; always written */
	KEG_JSON_ALWAYS = 2,   /* written even when zero, false, empty */
};

struct keg_pair {
	const char *key, *value;
};

/* An object of them; a value that is NULL is left out. */
struct json_object *keg_json_of_pairs(const struct keg_pair *pairs, size_t n);

struct keg_json_field {
	const char *name;
	enum keg_json_kind kind;
	unsigned flags;
	size_t at, count_at;		    /* offsets of the field and of its count */
	const struct keg_json_field *inner; /* OBJ, OBJV: the rows and size of the struct */
	size_t inner_size;
};

/* Row macros; each checks at compile time that the field has the type that its kind writes. */
#define KEG_JSON_AT_(type, field, want) \
	(offsetof(type, field) + 0 * sizeof(char[_Generic(((type *)0)->field, want : 1)]))
#define KEG_JSON_SCALAR_(tag, want, name, type, field, flags)                 \
	{                                                                     \
		name, tag, flags, KEG_JSON_AT_(type, field, want), 0, NULL, 0 \
	}
#define KEG_JSON_LIST_(tag, want, name, type, field, flags)            \
	{                                                              \
		name, tag, flags, KEG_JSON_AT_(type, field, want),     \
			KEG_JSON_AT_(type, n_##field, size_t), NULL, 0 \
	}
#define JSON_BOOL(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_BOOL, bool, name, type, field, flags)
#define JSON_INT(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_INT, int, name, type, field, flags)
#define JSON_U32(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_U32, uint32_t, name, type, field, flags)
#define JSON_I64(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_I64, int64_t, name, type, field, flags)
#define JSON_U64(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_U64, uint64_t, name, type, field, flags)
#define JSON_BOOL_PTR(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_BOOL_PTR, const bool *, name, type, field, flags)
#define JSON_INT_PTR(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_INT_PTR, const int *, name, type, field, flags)
#define JSON_U32_PTR(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_U32_PTR, const uint32_t *, name, type, field, flags)
#define JSON_I64_PTR(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_I64_PTR, const int64_t *, name, type, field, flags)
#define JSON_U64_PTR(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_U64_PTR, const uint64_t *, name, type, field, flags)
#define JSON_STR(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_STR, const char *, name, type, field, flags)
#define JSON_RAW(name, type, field, flags) \
	KEG_JSON_SCALAR_(KEG_JSON_RAW, struct json_object *, name, type, field, flags)
/* The lists want a neighbour `size_t n_<field>`. */
#define JSON_STRV(name, type, field, flags) \
	KEG_JSON_LIST_(KEG_JSON_STRV, const char **, name, type, field, flags)
#define JSON_KEYS(name, type, field, flags) \
	KEG_JSON_LIST_(KEG_JSON_KEYS, const char **, name, type, field, flags)
#define JSON_U32V(name, type, field, flags) \
	KEG_JSON_LIST_(KEG_JSON_U32V, uint32_t *, name, type, field, flags)
#define JSON_MAP(name, type, field, flags) \
	KEG_JSON_LIST_(KEG_JSON_MAP, struct keg_pair *, name, type, field, flags)
/* `rows` is a table for `struct what`. */
#define JSON_OBJ(name, type, field, flags, what, rows)                                        \
	{                                                                                     \
		name, KEG_JSON_OBJ, flags, KEG_JSON_AT_(type, field, struct what *), 0, rows, \
			sizeof(struct what)                                                   \
	}
#define JSON_OBJV(name, type, field, flags, what, rows)                                  \
	{                                                                                \
		name, KEG_JSON_OBJV, flags, KEG_JSON_AT_(type, field, struct what *),    \
			KEG_JSON_AT_(type, n_##field, size_t), rows, sizeof(struct what) \
	}
#define JSON_END                      \
	{                             \
		.kind = KEG_JSON_END_ \
	}

/*
 * Fill *out (zeroed by the caller) from `obj`. A member of the wrong type or out of range
 * is KEG_ECORRUPT, its path in the message ("linux.resources.cpu.shares: not a number").
 * Members that no row names are ignored. Strings are copied; RAW values are referenced.
 */
int keg_json_decode(struct json_object *obj, const struct keg_json_field *rows, void *out,
		    struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* A new object that the caller puts; members in the order of the rows. */
struct json_object *keg_json_encode(const struct keg_json_field *rows, const void *in);

#endif
