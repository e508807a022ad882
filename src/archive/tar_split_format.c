/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_split_format.h"

#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/strv.h"

static void put_quoted(struct keg_buf *out, const char *text)
{
	keg_buf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			keg_buf_putc(out, '\\');
		if ((unsigned char)*text < 0x20)
			keg_buf_printf(out, "\\u%04x", *text);
		else
			keg_buf_putc(out, *text);
	}
	keg_buf_putc(out, '"');
}

static void put_base64(struct keg_buf *out, const void *bytes, size_t len)
{
	autofree char *text = keg_base64(bytes, len);

	keg_buf_putc(out, '"');
	keg_buf_puts(out, text);
	keg_buf_putc(out, '"');
}

static void put_position(struct keg_buf *out, uint64_t position)
{
	keg_buf_printf(out, ",\"position\":%llu}\n", (unsigned long long)position);
}

void tar_split_put_segment(struct keg_buf *out, const void *bytes, size_t len, uint64_t position)
{
	keg_buf_puts(out, "{\"type\":2,\"payload\":");
	put_base64(out, bytes, len);
	put_position(out, position);
}

void tar_split_crc(unsigned char out[TAR_SPLIT_CRC], uint64_t crc)
{
	for (size_t i = TAR_SPLIT_CRC; i-- > 0; crc >>= 8)
		out[i] = (unsigned char)crc;
}

void tar_split_put_file(struct keg_buf *out, const char *name, uint64_t size, uint64_t crc,
			uint64_t position)
{
	unsigned char sum[TAR_SPLIT_CRC];

	keg_buf_puts(out, "{\"type\":1");
	if (keg_str_is_utf8(name, strlen(name))) {
		keg_buf_puts(out, ",\"name\":");
		put_quoted(out, name);
	} else {
		keg_buf_puts(out, ",\"name_raw\":");
		put_base64(out, name, strlen(name));
	}
	if (size > 0) {
		tar_split_crc(sum, crc);
		keg_buf_printf(out, ",\"size\":%llu,\"payload\":", (unsigned long long)size);
		put_base64(out, sum, sizeof sum);
	} else {
		keg_buf_puts(out, ",\"payload\":null");
	}
	put_position(out, position);
}

struct line {
	int type;
	const char *name, *name_raw, *payload;
	int64_t size;
};

static const struct keg_json_field rows[] = {
	JSON_INT("type", struct line, type, KEG_JSON_REQUIRED),
	JSON_STR("name", struct line, name, 0),
	JSON_STR("name_raw", struct line, name_raw, 0),
	JSON_I64("size", struct line, size, 0),
	JSON_STR("payload", struct line, payload, 0),
	JSON_END,
};

static int get_bytes(const char *text, struct keg_arena *arena, const void **out, size_t *len,
		     struct keg_err *err)
{
	void *bytes = NULL;

	*len = 0;
	if (!text)
		return 0;
	if (keg_unbase64(text, &bytes, len, err) < 0)
		return keg_fail(err, KEG_ECORRUPT, "payload is not base64");
	keg_arena_defer(arena, free, bytes);
	*out = bytes;
	return 0;
}

static int get_name(const struct line *line, struct keg_arena *arena, const char **out,
		    struct keg_err *err)
{
	const void *raw = NULL;
	size_t len;
	int r = get_bytes(line->name_raw, arena, &raw, &len, err);

	if (r < 0)
		return r;
	*out = raw ? keg_arena_strndup(arena, raw, len) : line->name;
	if (!*out || (raw && strlen(*out) != len))
		return keg_fail(err, KEG_ECORRUPT, "file without a name");
	return 0;
}

int tar_split_get(const char *text, size_t len, struct keg_arena *arena, struct tar_split_line *out,
		  struct keg_err *err)
{
	struct tar_split_line got = { 0 };
	struct line line = { 0 };
	autojson root = NULL;
	int r = keg_json_parse(text, len, &root, err);

	if (r >= 0)
		r = keg_json_decode(root, rows, &line, arena, err);
	if (r >= 0)
		r = get_bytes(line.payload, arena, &got.payload, &got.n_payload, err);
	if (r < 0)
		return r;
	if (line.type != TAR_SPLIT_FILE && line.type != TAR_SPLIT_SEGMENT)
		return keg_fail(err, KEG_ECORRUPT, "unknown type %d", line.type);
	got.type = (enum tar_split_type)line.type;
	if (got.type == TAR_SPLIT_FILE) {
		r = get_name(&line, arena, &got.name, err);
		if (r < 0)
			return r;
		if (line.size < 0 || (line.size > 0 && got.n_payload != TAR_SPLIT_CRC))
			return keg_fail(err, KEG_ECORRUPT, "\"%.200s\": malformed size or checksum",
					got.name);
		got.size = (uint64_t)line.size;
	}
	*out = got;
	return 0;
}
