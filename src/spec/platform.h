/* SPDX-License-Identifier: Apache-2.0 */
/* platform.h - operating system, architecture and variant, in Go's names, and their matching. */
#ifndef KEG_SPEC_PLATFORM_H
#define KEG_SPEC_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

struct platform {
	const char *architecture, *os, *variant; /* variant NULL or "" : none */
	const char *os_version;
	const char **os_features;
	size_t n_os_features;
	const char **features; /* of the processor; only Docker's lists have them */
	size_t n_features;
};

/* The rows of the JSON object of that form. */
extern const struct keg_json_field platform_rows[];

/* This machine's. The text is constant. */
void platform_host(struct platform *out);

/*
 * "os/arch[/variant]"; also one word alone that names a known os or architecture, the rest
 * being the host's. Aliases become Go's names (x86_64 amd64, aarch64 arm64, armhf arm/v7).
 * Text is in the arena; KEG_EUSAGE otherwise.
 */
int platform_parse(const char *text, struct keg_arena *arena, struct platform *out,
		   struct keg_err *err) KEG_MUST_CHECK;
/* Aliases as above, for --arch and --variant given apart. Any part may be NULL. */
void platform_normalize(struct platform *platform);

/*
 * How well `have` serves where `want` is asked for: 0 best, greater worse, -1 not at all.
 * A wanted ARM variant also takes lower ones (v7: v7, v6, v5), then none; without a wanted
 * variant an image with none is best, then any of the architecture's, the newest first.
 */
int platform_distance(const struct platform *want, const struct platform *have);

/* "os/arch[/variant]" that the caller frees. */
char *platform_format(const struct platform *platform);

#endif
