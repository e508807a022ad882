/* SPDX-License-Identifier: Apache-2.0 */
#include "image/docker_archive.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "image/scopes.h"

static int parse_index(const char *text, struct docker_archive_ref *out, struct keg_err *err)
{
	struct keg_err ignored;
	int64_t index;

	if (keg_parse_i64(text, &index, &ignored) < 0)
		return keg_fail(err, KEG_EUSAGE, "Invalid source index @%s: not a number", text);
	if (index < 0)
		return keg_fail(err, KEG_EUSAGE, "Invalid source index @%s: must not be negative",
				text);
	out->index = index;
	return 0;
}

static int parse_name(const char *text, struct docker_archive_ref *out, struct keg_err *err)
{
	int r = reference_parse_normalized(text, &out->ref, err);

	if (r < 0)
		return keg_wrap(err, "docker-archive parsing reference");
	out->named = true;
	if (out->ref.digest)
		return keg_fail(err, KEG_EUSAGE,
				"docker-archive doesn't support digest references: %s", text);
	reference_add_latest(&out->ref);
	return 0;
}

int docker_archive_ref_parse(const char *rest, struct docker_archive_ref *out, struct keg_err *err)
{
	const char *colon = strchr(rest, ':');
	auto(docker_archive_ref) ref = { .index = -1 };
	int r = 0;

	if (!*rest)
		return keg_fail(err, KEG_EUSAGE,
				"docker-archive reference \"\" isn't of the form "
				"<path>[:<reference>]");
	ref.path = colon ? keg_strndup(rest, (size_t)(colon - rest)) : keg_strdup(rest);
	if (colon)
		r = colon[1] == '@' ? parse_index(colon + 2, &ref, err)
				    : parse_name(colon + 1, &ref, err);
	if (r < 0)
		return r;
	*out = ref;
	ref = (struct docker_archive_ref){ 0 };
	return 0;
}

void docker_archive_ref_done(struct docker_archive_ref *ref)
{
	free(ref->path);
	reference_done(&ref->ref);
	*ref = (struct docker_archive_ref){ 0 };
}

int docker_archive_list(const struct archive_index *index, struct keg_arena *arena,
			struct docker_archive *out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	int r = archive_index_read(index, "manifest.json", LAYOUT_BYTES_MAX, &text, err);
	return r < 0 ? r : docker_archive_parse(text.data, text.len, arena, out, err);
}

static int check(const char *rest, struct keg_err *err)
{
	auto(docker_archive_ref) ref = { 0 };

	return docker_archive_ref_parse(rest, &ref, err);
}

/* The peers know no scopes for archives of this kind: only the transport's default. */
static int scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
		  struct keg_err *err)
{
	(void)access;
	(void)out;
	return check(rest, err);
}

const struct image_transport image_transport_docker_archive = {
	.name = "docker-archive",
	.check = check,
	.source = docker_archive_source,
	.dest = docker_archive_dest,
	.scopes = scopes,
};
