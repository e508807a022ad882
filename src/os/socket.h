/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - Unix sockets at names of any length, and descriptors sent through them. */
#ifndef KEG_OS_SOCKET_H
#define KEG_OS_SOCKET_H

#include <stddef.h>

#include "base/err.h"

/* A stream socket listening at `name` in a folder, which must not exist yet. */
int socket_listen_at(int dirfd, const char *name, struct keg_err *err) KEG_MUST_CHECK;
/* The same for datagrams. */
int socket_datagram_at(int dirfd, const char *name, struct keg_err *err) KEG_MUST_CHECK;
/* A stream socket connected to the one at `name` in a folder (or AT_FDCWD). */
int socket_connect_at(int dirfd, const char *name, struct keg_err *err) KEG_MUST_CHECK;

/* A descriptor with `len` > 0 bytes beside it, in one message. */
int socket_send_fd(int socket, int fd, const void *bytes, size_t len,
		   struct keg_err *err) KEG_MUST_CHECK;
/* The reverse: the descriptor (close-on-exec), or KEG_ECORRUPT when there was none. */
int socket_receive_fd(int socket, void *bytes, size_t len, struct keg_err *err) KEG_MUST_CHECK;

#endif
