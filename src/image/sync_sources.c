/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sync_sources.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/docker_transport.h"

enum { FOLDERS_DEEP = 32 };

void sync_sources_done(struct sync_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		keg_strv_done(&sources->v[i].names);
		keg_strv_done(&sources->v[i].suffixes);
	}
	free(sources->v);
	keg_arena_done(&sources->arena);
}

void sync_tell(const struct transfer_sync *req, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *line = keg_vprintf(fmt, ap);
	va_end(ap);
	if (req->say)
		req->say(req->say_ctx, line);
}

struct sync_source *sync_sources_add(struct sync_sources *to, const struct image_access *access)
{
	to->v = keg_realloc(to->v, to->n + 1, sizeof *to->v);
	to->v[to->n] = (struct sync_source){ .access = *access };
	return &to->v[to->n++];
}

static void add_reference(struct sync_source *to, const struct reference *ref)
{
	autofree char *familiar = reference_familiar(ref);

	keg_strv_addf(&to->names, "docker://%s", familiar);
	keg_strv_take(&to->suffixes, reference_format(ref));
}

static int parse_repository(const char *text, struct reference *out, struct keg_err *err)
{
	int r = reference_parse_normalized(text, out, err);

	if (r < 0)
		return r;
	if (out->tag || out->digest)
		return keg_fail(err, KEG_EUSAGE, "%s names a reference, not a repository", text);
	return 0;
}

int sync_source_add(struct sync_source *to, const char *repository, const char *what,
		    struct keg_err *err)
{
	auto(reference) ref = { 0 };
	auto(reference) whole = { 0 };

	int r = parse_repository(repository, &ref, err);
	if (r < 0)
		return r;
	autofree char *text = keg_printf("%s%c%s", repository, strchr(what, ':') ? '@' : ':', what);
	r = reference_parse_normalized(text, &whole, err);
	if (r >= 0)
		add_reference(to, &whole);
	return r;
}

int sync_source_add_tags(struct sync_source *to, const char *repository,
			 const struct sync_filter *filter, struct keg_err *err)
{
	auto(reference) ref = { 0 };
	auto(keg_strv) tags = { 0 };
	autofree char *rest = keg_printf("//%s", repository);
	autofree char *name = NULL;

	int r = parse_repository(repository, &ref, err);
	if (r >= 0)
		r = image_docker_tags(rest, &to->access, &name, &tags, err);
	if (r < 0)
		return keg_wrap(err, "Error determining repository tags for repo %s", repository);
	for (size_t i = 0; i < tags.n; i++) {
		/* What a registry lists is not always a tag. */
		if (!reference_tag_is_valid(tags.v[i]) ||
		    (filter && !filter->wanted(filter->ctx, tags.v[i])))
			continue;
		reference_set_tag(&ref, tags.v[i]);
		add_reference(to, &ref);
	}
	return 0;
}

static int find_docker(const struct transfer_sync *req, struct sync_sources *out,
		       struct keg_err *err)
{
	struct sync_source *to = sync_sources_add(out, req->source_access);
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(req->source, &ref, err);
	if (r < 0)
		return keg_wrap(err,
				"Cannot obtain a valid image reference for transport \"docker\" "
				"and reference \"%s\"",
				req->source);
	if (!ref.tag && !ref.digest)
		return sync_source_add_tags(to, req->source, NULL, err);
	add_reference(to, &ref);
	return 0;
}

/* An image is a folder with a manifest; below one there is none. */
static int walk(const char *base, const char *path, int depth, struct sync_source *to,
		struct keg_err *err)
{
	autofree char *manifest = keg_path_join(path, "manifest.json");
	auto(keg_strv) folders = { 0 };

	if (depth > FOLDERS_DEEP)
		return keg_fail(err, KEG_EUSAGE, "%s: more than %d folders deep", path,
				FOLDERS_DEEP);
	if (keg_exists(AT_FDCWD, manifest)) {
		const char *below = path + strlen(base);

		keg_strv_addf(&to->names, "dir:%s", path);
		keg_strv_add(&to->suffixes, *below ? below : keg_path_base(base));
		return 0;
	}
	autodir dir = opendir(path);
	if (!dir)
		return keg_fail_sys(err, errno, "open %s", path);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			keg_strv_take(&folders, keg_path_join(path, entry->d_name));
	}
	keg_strv_sort(&folders);
	int r = 0;
	for (size_t i = 0; i < folders.n && r >= 0; i++)
		r = walk(base, folders.v[i], depth + 1, to, err);
	return r;
}

static int find_dir(const struct transfer_sync *req, struct sync_sources *out, struct keg_err *err)
{
	autofree char *base = keg_path_clean(req->source);
	int r = walk(base, base, 0, sync_sources_add(out, req->source_access), err);

	return r < 0 ? keg_wrap(err, "Invalid source directory specified") : r;
}

int sync_sources_find(const struct transfer_sync *req, struct sync_sources *out,
		      struct keg_err *err)
{
	int r;

	if (keg_str_eq(req->from, "yaml"))
		return sync_yaml_find(req, out, err);
	r = keg_str_eq(req->from, "dir") ? find_dir(req, out, err) : find_docker(req, out, err);
	if (r >= 0 && out->v[0].names.n == 0)
		return keg_fail(err, KEG_ENOTFOUND, "No images to sync found in \"%s\"",
				req->source);
	return r;
}
