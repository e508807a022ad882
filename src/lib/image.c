/* SPDX-License-Identifier: Apache-2.0 */
/* keg/image.h over the table of libkeg-transfer.so, which stands beside libkeg.so or below it. */
#include <keg/image.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "image/transfer.h"
#include "lib/lib.h"
#include "spec/manifest.h"

_Static_assert((int)KEG_IMAGE_ENETWORK == KEG_ENETWORK && (int)KEG_IMAGE_EAUTH == KEG_EAUTH &&
		       (int)KEG_IMAGE_ENOIMAGE == KEG_ENOIMAGE,
	       "the public codes are ours");

static const unsigned access_flags =
	KEG_IMAGE_TLS_VERIFY | KEG_IMAGE_TLS_OFF | KEG_IMAGE_ANONYMOUS | KEG_IMAGE_ACCEPT_ANY;
static const unsigned copy_flags = KEG_IMAGE_ALL | KEG_IMAGE_INDEX_ONLY |
				   KEG_IMAGE_PRESERVE_DIGESTS | KEG_IMAGE_COMPRESS |
				   KEG_IMAGE_DECOMPRESS;
static const unsigned inspect_flags = KEG_IMAGE_RAW | KEG_IMAGE_CONFIG | KEG_IMAGE_NO_TAGS;

/* A program's own folder has nothing to say here: ours is the one of this library. */
static int open_transfer(const struct transfer_table **out, struct keg_err *err)
{
	static const char *const places[] = { "libkeg-transfer.so", "keg/libkeg-transfer.so" };
	Dl_info here;

	if (dladdr(&access_flags, &here) != 0 && here.dli_fname) {
		autofree char *folder = keg_path_dir(here.dli_fname);

		for (size_t i = 0; i < KEG_COUNT(places); i++) {
			autofree char *path = keg_path_join(folder, places[i]);

			if (keg_exists(AT_FDCWD, path))
				return transfer_open_at(path, out, err);
		}
	}
	return transfer_open(out, err);
}

static int take_access(const struct keg_image_access *theirs, struct image_access *out,
		       struct keg_err *err)
{
	enum { NS_PER_MS = 1000000 };
	struct keg_image_access a = KEG_IMAGE_ACCESS_INIT;
	int r = theirs ? lib_take(&a, sizeof a, theirs, err) : 0;

	if (r >= 0)
		r = lib_check_flags(a.flags, access_flags, err);
	if (r < 0)
		return r;
	if (!a.username != !a.password)
		return keg_fail(err, KEG_EUSAGE, "a user name and a password go together");
	*out = (struct image_access){
		.authfile = a.authfile,
		.username = a.username,
		.password = a.password,
		.registry_token = a.registry_token,
		.cert_dir = a.cert_dir,
		.os = a.os,
		.arch = a.arch,
		.variant = a.variant,
		.policy = a.policy,
		.graphroot = a.root,
		.runroot = a.runroot,
		.retries = a.retries,
		.deadline_ns =
			a.timeout_ms ? keg_monotonic_ns() + (int64_t)a.timeout_ms * NS_PER_MS : 0,
		.no_creds = a.flags & KEG_IMAGE_ANONYMOUS,
		.tls_verify_given = a.flags & (KEG_IMAGE_TLS_VERIFY | KEG_IMAGE_TLS_OFF),
		.tls_verify = !(a.flags & KEG_IMAGE_TLS_OFF),
		.insecure_policy = a.flags & KEG_IMAGE_ACCEPT_ANY,
		.rootless = geteuid() != 0,
		.uid = geteuid(),
	};
	return 0;
}

struct listener {
	void (*log)(void *data, const char *text);
	void *data;
};

static void report(void *ctx, const struct image_event *event)
{
	const struct listener *to = ctx;

	if (event->kind == IMAGE_EVENT_TEXT)
		to->log(to->data, event->text);
	if (event->kind != IMAGE_EVENT_STARTED && event->kind != IMAGE_EVENT_SKIPPED)
		return;
	autofree char *line =
		keg_printf("%s %s %s", event->kind == IMAGE_EVENT_STARTED ? "Copying" : "Skipping",
			   event->what, event->digest);
	to->log(to->data, line);
}

static int take_format(const char *format, const char **media_type, struct keg_err *err)
{
	if (!format)
		return 0;
	*media_type = strcmp(format, "oci") == 0    ? MEDIA_OCI_MANIFEST
		      : strcmp(format, "v2s2") == 0 ? MEDIA_DOCKER_MANIFEST
						    : NULL;
	return *media_type ? 0 : keg_fail(err, KEG_EUSAGE, "unknown format \"%s\"", format);
}

/* The options, already of our size, as the engine has them. */
static int take_copy(const struct keg_image_copy_options *o, struct listener *listener,
		     struct image_copy *out, struct keg_err *err)
{
	int r = lib_check_flags(o->flags, copy_flags, err);

	if (r >= 0)
		r = media_packing_known(o->compression, err);
	if (r < 0)
		return r;
	*listener = (struct listener){ o->log, o->data };
	*out = (struct image_copy){
		.which = o->flags & KEG_IMAGE_ALL	   ? IMAGE_COPY_ALL
			 : o->flags & KEG_IMAGE_INDEX_ONLY ? IMAGE_COPY_INDEX_ONLY
							   : IMAGE_COPY_SYSTEM,
		.preserve_digests = o->flags & KEG_IMAGE_PRESERVE_DIGESTS,
		.compress = o->flags & KEG_IMAGE_COMPRESS,
		.decompress = o->flags & KEG_IMAGE_DECOMPRESS,
		.compress_with = o->compression,
		.compress_level = o->level,
		.progress = { o->log ? report : NULL, listener },
	};
	return take_format(o->format, &out->format, err);
}

static int copy(const char *source, const char *dest, const struct keg_image_copy_options *options,
		char **digest, struct keg_err *err)
{
	struct keg_image_copy_options o = KEG_IMAGE_COPY_OPTIONS_INIT;
	const struct transfer_table *transfer = NULL;
	struct image_access from, to;
	struct listener listener;
	struct image_copy how;
	auto(keg_buf) manifest = { 0 };
	int r = options ? lib_take(&o, sizeof o, options, err) : 0;

	if (r >= 0)
		r = take_copy(&o, &listener, &how, err);
	if (r >= 0)
		r = take_access(o.source, &from, err);
	if (r >= 0)
		r = take_access(o.dest, &to, err);
	if (r >= 0)
		r = open_transfer(&transfer, err);
	if (r < 0)
		return r;
	const struct image_copy_names names = {
		.source = source, .dest = dest, .source_access = &from, .dest_access = &to
	};
	r = transfer->copy(&names, &how, &manifest, err);
	if (r >= 0 && digest)
		r = transfer->manifest_digest(manifest.data, manifest.len, digest, err);
	return r;
}

int keg_image_copy(const char *source, const char *dest,
		   const struct keg_image_copy_options *options, char **digest,
		   struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };

	return copy(source, dest, options, digest, &err) < 0 ? lib_fail(error, &err) : 0;
}

int keg_image_inspect(const char *name, const struct keg_image_access *access, unsigned flags,
		      char **text, size_t *len, struct keg_runtime_error **error)
{
	const struct transfer_table *transfer = NULL;
	struct image_access how;
	struct keg_err err = { 0 };
	auto(keg_buf) out = { 0 };
	int r = lib_check_flags(flags, inspect_flags, &err);

	if (r >= 0)
		r = take_access(access, &how, &err);
	if (r >= 0)
		r = open_transfer(&transfer, &err);
	if (r < 0)
		return lib_fail(error, &err);
	const struct transfer_inspect req = { .access = &how,
					      .name = name,
					      .raw = flags & KEG_IMAGE_RAW,
					      .config = flags & KEG_IMAGE_CONFIG,
					      .no_tags = flags & KEG_IMAGE_NO_TAGS };
	if (transfer->inspect(&req, &out, &err) < 0)
		return lib_fail(error, &err);
	if (len)
		*len = out.len;
	*text = keg_buf_take(&out);
	return 0;
}

/* One block: the pointers, then what they point to. */
static char **tag_list(struct json_object *tags, size_t n)
{
	size_t room = (n + 1) * sizeof(char *);

	for (size_t i = 0; i < n; i++)
		room += strlen(json_object_get_string(json_object_array_get_idx(tags, i))) + 1;
	char **list = keg_alloc(1, room);
	char *at = (char *)(list + n + 1);
	for (size_t i = 0; i < n; i++) {
		list[i] = at;
		at = stpcpy(at, json_object_get_string(json_object_array_get_idx(tags, i))) + 1;
	}
	return list;
}

int keg_image_tags(const char *name, const struct keg_image_access *access, char ***tags,
		   struct keg_runtime_error **error)
{
	const struct transfer_table *transfer = NULL;
	struct image_access how;
	struct keg_err err = { 0 };
	auto(keg_buf) text = { 0 };
	autojson root = NULL;
	int r = take_access(access, &how, &err);

	if (r >= 0)
		r = open_transfer(&transfer, &err);
	if (r >= 0)
		r = transfer->list_tags(&how, name, &text, &err);
	if (r >= 0)
		r = keg_json_parse(text.data, text.len, &root, &err);
	if (r < 0)
		return lib_fail(error, &err);
	struct json_object *found = keg_json_get(root, "Tags");
	size_t n = json_object_array_length(found);
	*tags = tag_list(found, n);
	return (int)n;
}

int keg_image_remove(const char *name, const struct keg_image_access *access,
		     struct keg_runtime_error **error)
{
	const struct transfer_table *transfer = NULL;
	struct image_access how;
	struct keg_err err = { 0 };
	int r = take_access(access, &how, &err);

	if (r >= 0)
		r = open_transfer(&transfer, &err);
	if (r >= 0)
		r = transfer->remove(&how, name, &err);
	return r < 0 ? lib_fail(error, &err) : 0;
}
