/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker_archive.h - docker-archive:PATH[:{REFERENCE|@INDEX}], what `docker save` writes: plain
 * layer tars, a configuration for each image, and manifest.json that lists them.
 */
#ifndef KEG_IMAGE_DOCKER_ARCHIVE_H
#define KEG_IMAGE_DOCKER_ARCHIVE_H

#include "image/archive_index.h"
#include "image/transport.h"
#include "spec/layout.h"
#include "spec/reference.h"

struct docker_archive_ref {
	char *path;
	bool named;
	struct reference ref; /* normalized, with a tag, when named */
	int64_t index;	      /* -1: none given */
};

int docker_archive_ref_parse(const char *rest, struct docker_archive_ref *out,
			     struct keg_err *err) KEG_MUST_CHECK;
void docker_archive_ref_done(struct docker_archive_ref *ref);
KEG_AUTO(docker_archive_ref, docker_archive_ref_done)

int docker_archive_source(const char *rest, const struct image_access *access,
			  struct image_source **out, struct keg_err *err) KEG_MUST_CHECK;
int docker_archive_dest(const char *rest, const struct image_access *access,
			struct image_dest **out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same of an archive that lies open, which is taken over, also on failure; so is what *ref
 * holds, whose path does not matter.
 */
int docker_archive_source_of(const char *name, struct docker_archive_ref *ref,
			     struct archive_index *index, struct image_source **out,
			     struct keg_err *err) KEG_MUST_CHECK;

/* Where an archive goes that is being written. */
struct docker_archive_sink {
	struct stream_out *out; /* stays the sink's */
	/* The archive is whole. Without it nothing may remain of it. */
	int (*commit)(void *ctx, struct keg_err *err);
	void (*free)(void *ctx);
	void *ctx;
};

/* An empty archive as destination; takes `sink` over. */
struct image_dest *docker_archive_dest_of(const char *name, const struct docker_archive_sink *sink,
					  const char *tmpdir);

/*
 * The next image that is copied to a destination gets these names ("host/path:tag") and no
 * others. So several images go into one archive: name, image_copy_run(), name, ..., commit.
 */
void docker_archive_dest_name(struct image_dest *dest, const char *const *names, size_t n);

/* manifest.json of an archive. */
int docker_archive_list(const struct archive_index *index, struct keg_arena *arena,
			struct docker_archive *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
