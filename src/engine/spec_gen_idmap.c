/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --userns keep-id: a user namespace inside ours. In ours the user is 0 and his ranges begin
 * at 1; in the container he is himself, and what our namespace maps beside him fills the
 * numbers around that. What belongs to root in the image therefore is the user's there.
 */
#include <unistd.h>

#include "engine/spec_gen.h"
#include "engine/userns.h"

struct id_list {
	struct oci_id_map *v;
	size_t n;
};

static void add_range(struct spec_gen *gen, struct id_list *list, uint32_t inside, uint32_t outside,
		      uint32_t count)
{
	if (count > 0)
		*SPEC_PUSH(gen->arena, list->v, list->n) =
			(struct oci_id_map){ inside, outside, count };
}

/* How many ids our namespace maps, from 0 on without a gap. */
static int count_ids(struct spec_gen *gen, const char *path, uint32_t *out, struct keg_err *err)
{
	struct userns_map map;
	int r = userns_read_map(path, &map, gen->arena, err);

	if (r < 0)
		return r;
	*out = 0;
	for (size_t i = 0; i < map.n; i++) {
		if (map.rows[i].inside == *out)
			*out += map.rows[i].count;
	}
	return 0;
}

static int make_map(struct spec_gen *gen, const char *path, uint32_t own, struct id_list *list,
		    struct keg_err *err)
{
	uint32_t total;
	int r = count_ids(gen, path, &total, err);

	if (r < 0)
		return r;
	uint32_t below = own < total - 1 ? own : total - 1;
	add_range(gen, list, 0, 1, below);
	add_range(gen, list, own, 0, 1);
	if (own + 1 < total)
		add_range(gen, list, own + 1, own + 1, total - own - 1);
	return 0;
}

int spec_gen_idmap(struct spec_gen *gen, struct keg_err *err)
{
	struct id_list uids = { 0 }, gids = { 0 };

	if (gen->ns[SPEC_USER].mode != SPEC_NS_KEEP_ID)
		return 0;
	int r = make_map(gen, "/proc/self/uid_map", userns_owner(), &uids, err);
	if (r >= 0)
		r = make_map(gen, "/proc/self/gid_map", userns_owner_group(), &gids, err);
	if (r < 0)
		return r;
	gen->out.os->uid_mappings = uids.v;
	gen->out.os->n_uid_mappings = uids.n;
	gen->out.os->gid_mappings = gids.v;
	gen->out.os->n_gid_mappings = gids.n;
	return 0;
}
