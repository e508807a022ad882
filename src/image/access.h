/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.h - how to reach one side of a transfer: credentials, TLS, platform, places on disk.
 * Plain texts only, so that it passes through the function table of transfer.h as it is.
 */
#ifndef KEG_IMAGE_ACCESS_H
#define KEG_IMAGE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is what a command without options means. Nothing is owned. */
struct image_access {
	/* registries */
	const char *authfile;		 /* NULL: the search path of auth.json */
	const char *username;		 /* --creds; NULL: from the authfile */
	const char *password;		 /* with username */
	const char *registry_token;	 /* a bearer token to send as it is */
	const char *cert_dir;		 /* NULL: /etc/containers/certs.d and its kin */
	const char *registries_conf;	 /* --registries-conf; NULL: the system's */
	const char *registries_conf_dir; /* NULL: beside it */
	const char *user_agent_prefix;	 /* before our own name; NULL: none */
	bool no_creds;			 /* anonymous, whatever the authfile says */
	bool tls_verify_given;		 /* else registries.conf decides */
	bool tls_verify;

	/* docker-daemon: */
	const char *daemon_host; /* NULL: $DOCKER_HOST, then Docker's own socket */

	/* patience */
	unsigned retries;	/* further tries after failures of the network */
	int64_t retry_delay_ns; /* between them; 0: one second, then two, four, ... */
	int64_t deadline_ns;	/* of keg_monotonic_ns(): when to give up; 0: never */

	/* the image wanted from an index; NULL: this machine's */
	const char *os, *arch, *variant;

	/* trust */
	const char *policy;	  /* policy.json; NULL: the user's, then the system's */
	bool insecure_policy;	  /* accept anything */
	bool require_signed;	  /* reject what no signature is asked of */
	const char *registries_d; /* where signatures are; NULL: the user's, then the system's */

	/* files */
	const char *shared_blob_dir;	    /* oci: blobs of several layouts in one place */
	bool oci_accept_uncompressed;	    /* oci: layers need not be compressed */
	const char *const *additional_tags; /* docker-archive: more names for the image */
	size_t n_additional_tags;
	const char *tmpdir; /* big temporary files; NULL: $TMPDIR, then /var/tmp */

	/* containers-storage: without a specifier; NULL: storage.conf decides */
	const char *graphroot, *runroot, *driver, *imagestore;
	const char *const *storage_opts;
	size_t n_storage_opts;
	bool rootless; /* an ordinary user, in his user namespace by now */
	unsigned uid;  /* his own id outside of it */
};

#endif
