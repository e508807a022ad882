/* SPDX-License-Identifier: Apache-2.0 */
/*
 * volume_spec.h - what -v, --mount and --tmpfs ask for, in one form.
 *
 * Each becomes a struct volume_mount: where it comes from, where it goes, and its options
 * in the order in which they go into config.json.
 */
#ifndef KEG_ENGINE_VOLUME_SPEC_H
#define KEG_ENGINE_VOLUME_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"

enum volume_kind { VOLUME_BIND, VOLUME_NAMED, VOLUME_TMPFS, VOLUME_DEVPTS };

struct volume_mount {
	enum volume_kind kind;
	const char *source; /* a host path; or a volume's name, NULL for a new anonymous one */
	const char *dest;   /* absolute and clean */
	const char **options;
	size_t n_options;
	bool anonymous; /* removed together with the container */
	bool chown;	/* U: to the container's user */
	bool no_copy;	/* do not fill a new volume from the image */
	bool read_only;
};

struct volume_list {
	struct volume_mount *v;
	size_t n;
};

/*
 * [[SOURCE:]DEST[:OPTIONS]] into *list. A second mount onto the same place, unknown options
 * and relative destinations are KEG_EUSAGE with the peers' words.
 */
int volume_parse(const char *text, struct volume_list *list, struct keg_arena *arena,
		 struct keg_err *err) KEG_MUST_CHECK;
/* type=...,src=...,dst=...,... */
int volume_parse_mount(const char *text, struct volume_list *list, struct keg_arena *arena,
		       struct keg_err *err) KEG_MUST_CHECK;
/* DEST[:OPTIONS] */
int volume_parse_tmpfs(const char *text, struct volume_list *list, struct keg_arena *arena,
		       struct keg_err *err) KEG_MUST_CHECK;
/* A VOLUME of the image, unless something is mounted there already. */
int volume_add_image(const char *dest, bool tmpfs, struct volume_list *list,
		     struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* The member mounted onto exactly `dest`, or NULL. */
const struct volume_mount *volume_find(const struct volume_list *list, const char *dest);

#endif
