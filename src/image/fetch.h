/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - one blob from a source into a pipe, verified and reported while it travels. */
#ifndef KEG_IMAGE_FETCH_H
#define KEG_IMAGE_FETCH_H

#include "image/pipe.h"
#include "image/reporter.h"
#include "image/transport.h"

/*
 * Fill and end the pipe. Its reader gets the end only of a blob that has the digest and the
 * size asked for, otherwise the error that this returns. A partial file that turns out to be
 * wrong is dropped, so that the next attempt starts anew.
 */
int image_fetch(struct image_source *src, const struct image_blob *blob, struct image_pipe *pipe,
		struct image_reporter *reporter, struct keg_err *err) KEG_MUST_CHECK;

/* KEG_EUNSUPPORTED unless `digest` is one that can be verified here: sha256. */
int image_digest_check(const char *digest, struct keg_err *err) KEG_MUST_CHECK;

#endif
