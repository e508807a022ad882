/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_files.h - the small files that keg puts into a container: /etc/hosts,
 * /etc/hostname, /etc/resolv.conf, /run/.containerenv, and /etc/passwd for a user whom the
 * image does not know. They are in the container's run folder and mounted from there.
 */
#ifndef KEG_ENGINE_CONTAINER_FILES_H
#define KEG_ENGINE_CONTAINER_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/spec_gen.h"

#define CONTAINER_FILE_HOSTS "hosts"
#define CONTAINER_FILE_HOSTNAME "hostname"
#define CONTAINER_FILE_RESOLV "resolv.conf"
#define CONTAINER_FILE_ENV ".containerenv"
#define CONTAINER_FILE_PASSWD "passwd"
#define CONTAINER_FILE_SHM "shm"

enum container_wants {
	CONTAINER_WANTS_HOSTS = 1,
	CONTAINER_WANTS_HOSTNAME = 2,
	CONTAINER_WANTS_RESOLV = 4,
	CONTAINER_WANTS_ENV = 8,
	CONTAINER_WANTS_PASSWD = 16,
};

/* Which of them the container gets; CONTAINER_WANTS_* combined. */
unsigned container_files_wanted(const struct spec_gen *gen);

/*
 * Write those into the folder `dirfd`. They hold what is true at creation; of a container
 * that outlives the boot `keep` is its folder on disk, where copies are kept (or -1).
 */
int container_files_write(const struct spec_gen *gen, int dirfd, int keep,
			  struct keg_err *err) KEG_MUST_CHECK;

/* Copy what is missing in the run folder from the kept copies: after a boot. */
int container_files_restore(int keep, int dirfd, struct keg_err *err) KEG_MUST_CHECK;

/* Does our user namespace map this id? */
bool container_id_is_mapped(uint32_t id);

#endif
