/* SPDX-License-Identifier: Apache-2.0 */
/* docker_transport.h - what the files of docker://HOST/PATH[:TAG|@DIGEST] share. */
#ifndef KEG_IMAGE_DOCKER_TRANSPORT_H
#define KEG_IMAGE_DOCKER_TRANSPORT_H

#include "image/transport.h"
#include "registry/config.h"
#include "registry/registry.h"
#include "spec/reference.h"

/* A reference and the means to reach it. Start from {0}. */
struct docker_site {
	struct reference ref; /* normalized, with a tag or a digest */
	struct registry_config *config;
	struct registry_client *client;
};
void docker_site_done(struct docker_site *site);
KEG_AUTO(docker_site, docker_site_done)

/* `rest` is "//HOST/PATH[:TAG|@DIGEST]". */
int docker_site_open(const char *rest, const struct image_access *access, struct docker_site *out,
		     struct keg_err *err) KEG_MUST_CHECK;
/* registries.conf and a client of `access`; the reference is left alone. */
int docker_site_connect(const struct image_access *access, struct docker_site *out,
			struct keg_err *err) KEG_MUST_CHECK;
/* The tag or digest to ask for. */
const char *docker_site_what(const struct docker_site *site);
/* "docker://..." as messages have it; the caller frees. */
char *docker_site_name(const struct docker_site *site);

int docker_source_open(const char *rest, const struct image_access *access,
		       struct image_source **out, struct keg_err *err) KEG_MUST_CHECK;
int docker_dest_open(const char *rest, const struct image_access *access, struct image_dest **out,
		     struct keg_err *err) KEG_MUST_CHECK;

/*
 * The tags of a repository, appended; no image of it need exist. *repository (the caller
 * frees) is "HOST/PATH". A `rest` with a tag or digest is KEG_EUSAGE.
 */
int image_docker_tags(const char *rest, const struct image_access *access, char **repository,
		      struct keg_strv *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
