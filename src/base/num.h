/* SPDX-License-Identifier: Apache-2.0 */
/* num.h - numbers from text, whole or not at all, and sizes and random ids as text. */
#ifndef KEG_BASE_NUM_H
#define KEG_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* All of `text` is a decimal number that fits, or KEG_EUSAGE. No sign, space or prefix. */
int keg_parse_u64(const char *text, uint64_t *out, struct keg_err *err) KEG_MUST_CHECK;
int keg_parse_u32(const char *text, uint32_t *out, struct keg_err *err) KEG_MUST_CHECK;
/* As above with an optional '-'. */
int keg_parse_i64(const char *text, int64_t *out, struct keg_err *err) KEG_MUST_CHECK;
int keg_parse_int(const char *text, int *out, struct keg_err *err) KEG_MUST_CHECK;
/* Octal: file modes, umask. A leading 0 or 0o is allowed. */
int keg_parse_mode(const char *text, unsigned *out, struct keg_err *err) KEG_MUST_CHECK;
/* A decimal fraction such as "1.5" (never negative, no exponent), in millionths. */
int keg_parse_micro(const char *text, uint64_t *out, struct keg_err *err) KEG_MUST_CHECK;
/* Bytes with an optional unit b, k, m, g, t, p (powers of 1024; KB, KiB alike; any case). */
int keg_parse_bytes(const char *text, uint64_t *out, struct keg_err *err) KEG_MUST_CHECK;

/* "1.238 GB": powers of 1000, four significant digits, as go-units' HumanSize; caller frees. */
char *keg_format_bytes(uint64_t bytes);
/* The same without the space: "1.238GB". */
char *keg_format_bytes_tight(uint64_t bytes);
/* The same with so many digits: lists of images show three. */
char *keg_format_bytes_to(uint64_t bytes, int digits);

/* `n` random bytes from getrandom(2); never fails. */
void keg_random(void *out, size_t n);
/* 64 lower-case hex digits and a NUL: the id of a container, layer or session. */
enum { KEG_ID_LEN = 64 };
void keg_random_id(char out[KEG_ID_LEN + 1]);

/* Lower-case hex of `n` bytes; `out` has room for 2n+1. */
void keg_hex(char *out, const void *bytes, size_t n);
/* The reverse; KEG_EUSAGE unless `text` is exactly 2n hex digits. */
int keg_unhex(void *out, size_t n, const char *text, struct keg_err *err) KEG_MUST_CHECK;

/* RFC 4648 base64 with padding; the caller frees. */
char *keg_base64(const void *bytes, size_t n);
/* The reverse into new memory that the caller frees; KEG_EUSAGE when malformed. */
int keg_unbase64(const char *text, void **out, size_t *n, struct keg_err *err) KEG_MUST_CHECK;

#endif
