/* SPDX-License-Identifier: Apache-2.0 */
/* sync_sources.h - which images a sync is about: of a repository, below a folder, in a YAML file.
 */
#ifndef KEG_IMAGE_SYNC_SOURCES_H
#define KEG_IMAGE_SYNC_SOURCES_H

#include "image/transfer.h"

/* Images that are reached the same way: a repository, or a folder. */
struct sync_source {
	struct image_access access;
	struct keg_strv names;	  /* "docker://...", "dir:..." */
	struct keg_strv suffixes; /* for each, what its place at the destination ends with */
};

/* Start from {0}. */
struct sync_sources {
	struct keg_arena arena; /* of texts in the accesses */
	struct sync_source *v;
	size_t n;
};
void sync_sources_done(struct sync_sources *sources);
KEG_AUTO(sync_sources, sync_sources_done)

/*
 * All that req->source stands for. A repository of a YAML file that cannot be listed is told of
 * and passed over, as the peer does.
 */
int sync_sources_find(const struct transfer_sync *req, struct sync_sources *out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* A line to req->say. */
void sync_tell(const struct transfer_sync *req, const char *fmt, ...) KEG_PRINTF(2, 3);

/* A further source, reached as `access` says. It moves when another is added. */
struct sync_source *sync_sources_add(struct sync_sources *to, const struct image_access *access);

/* A repository ("host/path"): the tags that `wanted` (NULL: all) takes become images of `to`. */
struct sync_filter {
	bool (*wanted)(const void *ctx, const char *tag);
	const void *ctx;
};
int sync_source_add_tags(struct sync_source *to, const char *repository,
			 const struct sync_filter *filter, struct keg_err *err) KEG_MUST_CHECK;
/* One image: a tag or a digest of a repository. */
int sync_source_add(struct sync_source *to, const char *repository, const char *what,
		    struct keg_err *err) KEG_MUST_CHECK;

/* Those of a YAML file; in sync_yaml.c. */
int sync_yaml_find(const struct transfer_sync *req, struct sync_sources *out,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
