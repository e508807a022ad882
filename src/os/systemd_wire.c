/* SPDX-License-Identifier: Apache-2.0 */
#include "os/systemd_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base64url.h"
#include "base/file.h"

/* More than any list of devices. */
static const uint32_t most_bytes = 8 << 20;

/* struct systemd_property in the kinds that JSON has. */
struct property {
	const char *name;
	uint32_t kind, type;
	uint64_t number;
	const char *text;
	const char **texts;
	size_t n_texts;
	const char *bytes; /* base64url */
};
static const struct keg_json_field property_rows[] = {
	JSON_STR("name", struct property, name, KEG_JSON_REQUIRED),
	JSON_U32("kind", struct property, kind, KEG_JSON_REQUIRED),
	JSON_U32("type", struct property, type, 0),
	JSON_U64("number", struct property, number, 0),
	JSON_STR("text", struct property, text, 0),
	JSON_STRV("texts", struct property, texts, 0),
	JSON_STR("bytes", struct property, bytes, 0),
	JSON_END,
};

struct request {
	const char *version;
	uint32_t op;
	bool user;
	const char *unit, *below;
	uint32_t pid;
	struct property *properties;
	size_t n_properties;
};
static const struct keg_json_field request_rows[] = {
	JSON_STR("version", struct request, version, KEG_JSON_REQUIRED),
	JSON_U32("op", struct request, op, KEG_JSON_REQUIRED),
	JSON_BOOL("user", struct request, user, 0),
	JSON_STR("unit", struct request, unit, 0),
	JSON_STR("below", struct request, below, 0),
	JSON_U32("pid", struct request, pid, 0),
	JSON_OBJV("properties", struct request, properties, 0, property, property_rows),
	JSON_END,
};

static const struct keg_json_field answer_rows[] = {
	JSON_U32("code", struct systemd_answer, code, KEG_JSON_REQUIRED),
	JSON_INT("sys", struct systemd_answer, sys, 0),
	JSON_STR("message", struct systemd_answer, message, 0),
	JSON_STR("hint", struct systemd_answer, hint, 0),
	JSON_U32("version", struct systemd_answer, version, 0),
	JSON_STR("group", struct systemd_answer, group, 0),
	JSON_END,
};

/* Without a signal where nobody listens any more. */
static int send_all(int fd, const void *bytes, size_t len, struct keg_err *err)
{
	for (const char *at = bytes; len > 0;) {
		const ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return keg_fail_sys(err, errno, "send a message");
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static int send_object(int fd, const struct keg_json_field *rows, const void *in,
		       struct keg_err *err)
{
	autojson doc = keg_json_encode(rows, in);
	auto(keg_buf) text = { 0 };

	keg_json_print(doc, &text);
	const uint32_t size = htonl((uint32_t)text.len);
	int r = send_all(fd, &size, sizeof size, err);
	return r < 0 ? r : send_all(fd, keg_buf_text(&text), text.len, err);
}

static int receive_object(int fd, const struct keg_json_field *rows, void *out,
			  struct keg_arena *arena, struct keg_err *err)
{
	autojson doc = NULL;
	uint32_t size;
	int r = keg_read_exact(fd, &size, sizeof size, err);

	if (r < 0)
		return r;
	size = ntohl(size);
	if (size > most_bytes)
		return keg_fail(err, KEG_ECORRUPT, "a message of %u bytes", (unsigned)size);
	autofree char *text = keg_alloc(size + 1, 1);
	r = keg_read_exact(fd, text, size, err);
	if (r >= 0)
		r = keg_json_parse(text, size, &doc, err);
	return r < 0 ? r : keg_json_decode(doc, rows, out, arena, err);
}

int systemd_request_send(int fd, const struct systemd_request *request, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct request wire = {
		.version = SYSTEMD_WIRE_VERSION,
		.op = request->op,
		.user = request->user,
		.unit = request->unit,
		.below = request->below,
		.pid = request->pid,
		.n_properties = request->n_properties,
	};

	wire.properties = keg_arena_alloc(&arena, wire.n_properties + 1, sizeof *wire.properties);
	for (size_t i = 0; i < wire.n_properties; i++) {
		const struct systemd_property *from = &request->properties[i];
		struct property *to = &wire.properties[i];
		bool bytes = from->kind == SYSTEMD_BYTES;

		*to = (struct property){ .name = from->name,
					 .kind = from->kind,
					 .type = (unsigned char)from->type,
					 .number = from->number,
					 .text = from->text };
		if (bytes) {
			autofree char *encoded = keg_base64url(from->bytes, from->n);

			to->bytes = keg_arena_strdup(&arena, encoded);
		} else {
			to->n_texts = from->n;
			to->texts = keg_arena_alloc(&arena, from->n + 1, sizeof *to->texts);
			for (size_t n = 0; n < from->n; n++)
				to->texts[n] = from->texts[n];
		}
	}
	return send_object(fd, request_rows, &wire, err);
}

static int take_property(const struct property *from, struct systemd_property *to,
			 struct keg_arena *arena, struct keg_err *err)
{
	*to = (struct systemd_property){
		.name = from->name,
		.kind = (enum systemd_kind)from->kind,
		.type = (char)from->type,
		.number = from->number,
		.text = from->text,
		.texts = from->texts,
		.n = from->n_texts,
	};
	if (to->kind != SYSTEMD_BYTES)
		return 0;

	void *bytes;
	int r = keg_unbase64url(from->bytes ? from->bytes : "", &bytes, &to->n, err);
	if (r < 0)
		return keg_wrap(err, "property %s", from->name);
	keg_arena_defer(arena, free, bytes);
	to->bytes = bytes;
	return 0;
}

int systemd_request_receive(int fd, struct systemd_request *out, struct keg_arena *arena,
			    struct keg_err *err)
{
	struct request wire = { 0 };
	int r = receive_object(fd, request_rows, &wire, arena, err);

	if (r < 0)
		return r;
	if (strcmp(wire.version, SYSTEMD_WIRE_VERSION) != 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"kegrun and kegrun-systemd are of different versions: install both "
				"of one");
	*out = (struct systemd_request){
		.op = wire.op,
		.user = wire.user,
		.unit = wire.unit ? wire.unit : "",
		.below = wire.below ? wire.below : "",
		.pid = wire.pid,
		.n_properties = wire.n_properties,
	};
	struct systemd_property *list = keg_arena_alloc(arena, wire.n_properties + 1, sizeof *list);
	for (size_t i = 0; i < wire.n_properties && r >= 0; i++)
		r = take_property(&wire.properties[i], &list[i], arena, err);
	out->properties = list;
	return r;
}

int systemd_answer_send(int fd, const struct systemd_answer *answer, struct keg_err *err)
{
	return send_object(fd, answer_rows, answer, err);
}

int systemd_answer_receive(int fd, struct systemd_answer *out, struct keg_arena *arena,
			   struct keg_err *err)
{
	*out = (struct systemd_answer){ 0 };
	return receive_object(fd, answer_rows, out, arena, err);
}
