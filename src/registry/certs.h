/* SPDX-License-Identifier: Apache-2.0 */
/* certs.h - which certificates to trust and to show, containers-certs.d(5). */
#ifndef KEG_REGISTRY_CERTS_H
#define KEG_REGISTRY_CERTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Start from {0}. */
struct registry_certs {
	bool verify;	      /* else any certificate will do */
	struct keg_buf trust; /* PEM of the authorities to trust beside the system's */
	char *cert, *key;     /* paths of our own, or NULL */
};
void registry_certs_done(struct registry_certs *certs);
KEG_AUTO(registry_certs, registry_certs_done)

/*
 * Read `dir`, or when NULL the first of ~/.config/containers, /etc/containers, /etc/docker
 * that has certs.d/<host>. A certificate without its key, or a key without its certificate,
 * is KEG_EUSAGE. Leaves `verify` alone.
 */
int registry_certs_load(const char *dir, const char *host, struct registry_certs *out,
			struct keg_err *err) KEG_MUST_CHECK;

#endif
