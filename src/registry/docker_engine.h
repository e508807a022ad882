/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker_engine.h - the two calls of Docker's engine that move images: GET images/get gives one
 * as `docker save` does, POST images/load takes what `docker load` takes.
 */
#ifndef KEG_REGISTRY_DOCKER_ENGINE_H
#define KEG_REGISTRY_DOCKER_ENGINE_H

#include <stdbool.h>

#include "registry/blob.h"
#include "registry/upload.h"

#define DOCKER_ENGINE_HOST "unix:///var/run/docker.sock"

struct docker_engine;

/* All text is borrowed until docker_engine_open() returns. */
struct docker_engine_where {
	const char *host; /* "unix://PATH", "http://HOST:PORT", "tcp://" and "https://" by TLS */
	const char *cert_dir; /* with ca.pem, cert.pem and key.pem; NULL: none of ours */
	bool plain_tcp;	      /* tcp:// is without TLS */
	bool insecure;	      /* any certificate will do */
};

/* Connects to nothing yet. KEG_EUSAGE for a host that is none. */
int docker_engine_open(const struct docker_engine_where *where, struct docker_engine **out,
		       struct keg_err *err) KEG_MUST_CHECK;
void docker_engine_close(struct docker_engine *engine);
KEG_AUTOPTR(docker_engine, docker_engine_close)

/* The archive of an image, by name or "sha256:<id>", to `sink`. */
int docker_engine_save(struct docker_engine *engine, const char *name, registry_sink *sink,
		       void *ctx, struct keg_err *err) KEG_MUST_CHECK;

/* Load an archive; also a failure that the engine reports at the very end is one. */
int docker_engine_load(struct docker_engine *engine, const struct registry_source *archive,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
