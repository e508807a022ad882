/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_ids.h"

#include <linux/sched.h>
#include <string.h>

#include "base/num.h"
#include "base/strv.h"

static struct idmap_range *ranges_of(const struct oci_id_map *maps, size_t n,
				     struct keg_arena *arena)
{
	struct idmap_range *ranges = keg_arena_alloc(arena, n + 1, sizeof *ranges);

	for (size_t i = 0; i < n; i++)
		ranges[i] =
			(struct idmap_range){ maps[i].container_id, maps[i].host_id, maps[i].size };
	return ranges;
}

bool mount_ids_wanted(const struct oci_mount *mount, const struct mount_opts *opts)
{
	return opts->idmap || opts->deep_idmap || mount->n_uid_mappings || mount->n_gid_mappings;
}

/* An id of the container's user namespace as the host has it. */
static int to_host(uint32_t *id, const struct oci_id_map *maps, size_t n, const char *text,
		   struct keg_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (*id >= maps[i].container_id && *id - maps[i].container_id < maps[i].size) {
			*id = maps[i].host_id + (*id - maps[i].container_id);
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE, "no id map of the container has that of \"%s\"", text);
}

/* "0-1-10", with "@" before it where the host id is meant as the container's. */
static int parse_range(const char *text, const struct oci_id_map *maps, size_t n_maps,
		       struct idmap_range *out, struct keg_err *err)
{
	auto(keg_strv) parts = { 0 };
	uint32_t *const fields[] = { &out->inside, &out->outside, &out->count };
	bool relative = *text == '@';

	keg_strv_split(&parts, text + relative, '-');
	if (parts.n != KEG_COUNT(fields))
		return keg_fail(err, KEG_EUSAGE, "invalid id map \"%s\"", text);
	for (size_t i = 0; i < parts.n; i++) {
		uint64_t value;

		if (keg_parse_u64(parts.v[i], &value, err) < 0 || value > UINT32_MAX)
			return keg_fail(err, KEG_EUSAGE, "invalid id map \"%s\"", text);
		*fields[i] = (uint32_t)value;
	}
	return relative ? to_host(&out->outside, maps, n_maps, text, err) : 0;
}

static int parse_ranges(const char *text, const struct oci_id_map *maps, size_t n_maps,
			const struct idmap_range **out, size_t *n, struct keg_arena *arena,
			struct keg_err *err)
{
	auto(keg_strv) words = { 0 };

	keg_strv_split(&words, text, '#');
	struct idmap_range *ranges = keg_arena_alloc(arena, words.n + 1, sizeof *ranges);
	*n = 0;
	for (size_t i = 0; i < words.n; i++) {
		/* The separator may also stand before the first. */
		if (!*words.v[i])
			continue;
		int r = parse_range(words.v[i], maps, n_maps, &ranges[*n], err);
		if (r < 0)
			return r;
		(*n)++;
	}
	*out = ranges;
	return 0;
}

int mount_ids_parse(const char *text, const struct oci_linux *os, struct idmap *out,
		    struct keg_arena *arena, struct keg_err *err)
{
	auto(keg_strv) lists = { 0 };

	*out = (struct idmap){ 0 };
	keg_strv_split(&lists, text, ';');
	for (size_t i = 0; i < lists.n; i++) {
		const char *uids = keg_str_after(lists.v[i], "uids=");
		const char *gids = keg_str_after(lists.v[i], "gids=");
		int r;

		if (uids)
			r = parse_ranges(uids, os->uid_mappings, os->n_uid_mappings, &out->uids,
					 &out->n_uids, arena, err);
		else if (gids)
			r = parse_ranges(gids, os->gid_mappings, os->n_gid_mappings, &out->gids,
					 &out->n_gids, arena, err);
		else
			r = keg_fail(err, KEG_EUSAGE, "invalid id maps \"%s\"", text);
		if (r < 0)
			return r;
	}
	return 0;
}

int mount_ids_of(const struct oci_config *config, const struct join *join,
		 const struct oci_mount *mount, const struct mount_opts *opts, struct idmap *out,
		 struct keg_arena *arena, struct keg_err *err)
{
	const struct oci_linux *os = config->os;
	bool own = mount->n_uid_mappings || mount->n_gid_mappings;

	*out = (struct idmap){ 0 };
	if (opts->ids) {
		int r = mount_ids_parse(opts->ids, os, out, arena, err);

		if (r < 0)
			return r;
	} else if (own) {
		out->uids = ranges_of(mount->uid_mappings, mount->n_uid_mappings, arena);
		out->gids = ranges_of(mount->gid_mappings, mount->n_gid_mappings, arena);
		out->n_uids = mount->n_uid_mappings;
		out->n_gids = mount->n_gid_mappings;
	} else if (join->existing & CLONE_NEWUSER) {
		return 0;
	} else {
		out->uids = ranges_of(os->uid_mappings, os->n_uid_mappings, arena);
		out->gids = ranges_of(os->gid_mappings, os->n_gid_mappings, arena);
		out->n_uids = os->n_uid_mappings;
		out->n_gids = os->n_gid_mappings;
	}
	if (out->n_uids == 0 || out->n_gids == 0)
		return keg_fail(err, KEG_EUSAGE,
				"id-mapped mounts must have both uid and gid mappings specified");
	return 0;
}
