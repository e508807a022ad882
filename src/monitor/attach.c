/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { BACKLOG = 10, SOCKET_MODE = 0700, DRAIN_MAX = 64 };

/*
 * Close without losing what the client has yet to read: Linux resets a connection that
 * is closed while packets of the other side are unread.
 */
static void hang_up(int fd, struct monitor_space *space)
{
	shutdown(fd, SHUT_RDWR);
	for (int i = 0; i < DRAIN_MAX; i++) {
		if (recv(fd, space->input, SPACE_STDIN, MSG_DONTWAIT) <= 0)
			break;
	}
}

static void drop_client(struct attach_client *client)
{
	struct attach *attach = client->attach;
	struct attach_client **at = &attach->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	hang_up(client->source.fd, attach->space);
	loop_close_source(attach->loop, &client->source);
	spill_close(&client->spill);
	free(client);
	if (attach->changed)
		attach->changed(attach->owner);
}

/* Watch for what this client can be served with now. */
static void rewatch(struct attach_client *client)
{
	bool blocked = input_is_blocked(client->attach->input);
	uint32_t events = spill_is_empty(&client->spill) ? 0 : EPOLLOUT;
	struct keg_err err;

	if (client->reading && !blocked)
		events |= EPOLLIN;
	else if (!client->reading)
		events |= EPOLLHUP;
	if (loop_watch(client->attach->loop, &client->source, events, &err) < 0) {
		keg_debug("attach: %s", err.msg);
		shutdown(client->source.fd, SHUT_RDWR); /* the next packet finds it gone */
	}
}

/* The client left without reading all. That is said once, before its last words come. */
static bool was_reset(void)
{
	return errno == ECONNRESET;
}

static bool would_wait(void)
{
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
}

static ssize_t send_packet(const struct attach_client *client, const char *packet, size_t len)
{
	return send(client->source.fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* It left, or cannot be served: its last words are still heard. False: it is gone. */
static bool stop_sending(struct attach_client *client)
{
	if (!client->reading) {
		drop_client(client);
		return false;
	}
	client->deaf = true;
	spill_close(&client->spill);
	return true;
}

/* False: the client is gone. */
static bool replay_spill(struct attach_client *client)
{
	char *packet = client->attach->space->replay;

	while (!spill_is_empty(&client->spill)) {
		size_t len =
			spill_peek(&client->spill, packet, sizeof client->attach->space->replay);

		if (len && send_packet(client, packet, len) >= 0) {
			spill_drop(&client->spill, len);
			continue;
		}
		if (len && would_wait())
			return true;
		if (!stop_sending(client))
			return false;
	}
	if (client->attach->finishing) {
		drop_client(client);
		return false;
	}
	if (client->attach->changed)
		client->attach->changed(client->attach->owner);
	return true;
}

static void end_input(struct attach_client *client)
{
	struct attach *attach = client->attach;

	client->reading = false;
	if (!attach->keep_input && !attach->terminal)
		input_end(attach->input);
}

/* False: the client is gone. */
static bool read_client(struct attach_client *client, bool hung_up)
{
	struct attach *attach = client->attach;
	ssize_t n = recv(client->source.fd, attach->space->input, SPACE_STDIN, MSG_DONTWAIT);

	if (n < 0 && (would_wait() || was_reset()))
		return true;
	if (n > 0) {
		input_write(attach->input, attach->space->input, (size_t)n);
		if (input_is_blocked(attach->input))
			attach_resume_input(attach);
		return true;
	}
	end_input(client);
	if (n < 0 || hung_up) {
		drop_client(client);
		return false;
	}
	return true;
}

static void on_client(struct loop_source *source, uint32_t events)
{
	struct attach_client *client = source->owner;
	bool hung_up = events & (EPOLLHUP | EPOLLERR);

	if ((events & EPOLLIN) && client->reading) {
		if (!read_client(client, hung_up))
			return;
	} else if (hung_up) {
		if (client->reading && input_is_blocked(client->attach->input)) {
			/* Its last words are still in the socket. */
			loop_pause(client->attach->loop, source);
			return;
		}
		if (client->reading)
			end_input(client);
		drop_client(client);
		return;
	}
	if ((events & EPOLLOUT) && !replay_spill(client))
		return;
	rewatch(client);
}

/* False: nobody waits. */
static bool accept_client(struct attach *attach)
{
	int fd = accept4(attach->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;

	struct attach_client *client = keg_alloc(1, sizeof *client);
	*client = (struct attach_client){
		.next = attach->clients,
		.attach = attach,
		.source = { .fd = fd, .ready = on_client, .owner = client },
		.spill = { .fd = -1 },
		.reading = true,
	};
	attach->clients = client;
	rewatch(client);
	return true;
}

static void on_connect(struct loop_source *source, uint32_t events)
{
	(void)events;
	accept_client(source->owner);
}

void attach_poll(struct attach *attach)
{
	while (attach->listener.fd >= 0 && accept_client(attach))
		;
}

/* The name may be longer than a socket address holds: bind through the folder's descriptor. */
static int bind_in(int sock, int dirfd, const char *name, struct keg_err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/%s", dirfd, name);
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "remove old socket %s", name);
	if (bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0)
		return keg_fail_sys(err, errno, "bind socket %s", name);
	if (fchmodat(dirfd, name, SOCKET_MODE, 0) < 0 || listen(sock, BACKLOG) < 0)
		return keg_fail_sys(err, errno, "listen on socket %s", name);
	return 0;
}

/* SOCKETDIR/CUUID -> BUNDLE, as short paths for clients. */
static int link_bundle(const struct monitor_options *opt, struct keg_err *err)
{
	const char *id = opt->cuuid ? opt->cuuid : opt->cid;
	autofree char *link = NULL;

	autofree char *bundle = NULL;

	if (opt->full_attach || !opt->socket_dir)
		return 0;
	bundle = realpath(opt->bundle ? opt->bundle : ".", NULL);
	if (!bundle)
		return keg_fail_sys(err, errno, "find bundle %s", opt->bundle);
	link = keg_printf("%s/%s", opt->socket_dir, id);
	if (unlink(link) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "remove old link %s", link);
	if (symlink(bundle, link) < 0)
		return keg_fail_sys(err, errno, "make link %s", link);
	return 0;
}

int attach_listen(struct attach *attach, const struct monitor_options *opt, int bundle,
		  struct keg_err *err)
{
	autofd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return keg_fail_sys(err, errno, "open the attach socket");
	if (link_bundle(opt, err) < 0 || bind_in(sock, bundle, MONITOR_FILE_ATTACH, err) < 0)
		return -(int)err->code;
	attach->bundle = bundle;
	attach->keep_input = opt->leave_stdin_open;
	attach->terminal = opt->terminal;
	attach->listener =
		(struct loop_source){ .fd = take_fd(&sock), .ready = on_connect, .owner = attach };
	return loop_watch(attach->loop, &attach->listener, EPOLLIN, err);
}

static void send_to(struct attach_client *client, const char *packet, size_t len)
{
	if (client->deaf)
		return;
	if (spill_is_empty(&client->spill)) {
		if (send_packet(client, packet, len) >= 0)
			return;
		if (!would_wait()) {
			stop_sending(client);
			return;
		}
	}
	if (spill_put(&client->spill, packet, len) || stop_sending(client))
		rewatch(client);
}

void attach_send(struct attach *attach, const char *packet, size_t len)
{
	struct attach_client *next;

	for (struct attach_client *client = attach->clients; client; client = next) {
		next = client->next;
		send_to(client, packet, len);
	}
}

bool attach_is_full(const struct attach *attach)
{
	for (const struct attach_client *c = attach->clients; c; c = c->next) {
		if (c->spill.tail - c->spill.head > ATTACH_LAG_MAX)
			return true;
	}
	return false;
}

void attach_resume_input(struct attach *attach)
{
	struct attach_client *next;

	for (struct attach_client *client = attach->clients; client; client = next) {
		next = client->next;
		rewatch(client);
	}
}

void attach_finish(struct attach *attach)
{
	struct attach_client *next;

	attach->finishing = true;
	if (attach->listener.fd >= 0)
		unlinkat(attach->bundle, MONITOR_FILE_ATTACH, 0);
	loop_close_source(attach->loop, &attach->listener);
	for (struct attach_client *client = attach->clients; client; client = next) {
		next = client->next;
		client->reading = false;
		if (spill_is_empty(&client->spill))
			drop_client(client);
		else
			rewatch(client);
	}
}
