/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the layers of the store what once was unpacked? Each is put together again as the tar it
 * came as, and that tar has to have the digest on record. No lock is held meanwhile: a layer
 * that a peer removes is passed over.
 */
#include <fcntl.h>

#include "archive/stream_tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/layer_tar.h"
#include "image/storage_ref.h"
#include "image/transfer_parts.h"
#include "store/layer.h"

static int assemble(struct store *store, const struct store_layer *layer, struct stream_out *to,
		    struct keg_err *err)
{
	autofd int tree = store_layer_open_diff(store, layer, err);
	autofd int split = tree < 0 ? -1 : store_layer_open_split(store, layer, err);

	return split < 0 ? -(int)err->code : layer_tar_send(take_fd(&split), tree, to, err);
}

static int check_layer(struct store *store, const struct store_layer *layer, struct keg_err *err)
{
	struct stream_tap tap;
	autofd int nowhere = keg_open_at(AT_FDCWD, "/dev/null", O_WRONLY, 0, err);

	if (nowhere < 0)
		return nowhere;
	stream_tap_init(&tap, 0);
	autoptr(stream_out) out = stream_out_tapped(stream_out_fd(take_fd(&nowhere)), &tap);
	int r = assemble(store, layer, out, err);
	if (r < 0)
		return r;
	return stream_tap_check(&tap, "its tar", layer->diff_digest, layer->diff_size, err);
}

/* Some layers come without a tar-split, or are a container's: nothing is known of them. */
static bool can_be_checked(struct store *store, const struct store_layer *layer)
{
	struct keg_err ignored;
	autofd int split = *layer->diff_digest && layer->in_store == 0
				   ? store_layer_open_split(store, layer, &ignored)
				   : -1;

	return split >= 0;
}

static bool is_gone(struct store *store, const char *id)
{
	auto(keg_arena) arena = { 0 };
	struct store_layer layer;
	struct keg_err ignored;

	return store_layer_find(store, id, &arena, &layer, &ignored) < 0;
}

int transfer_check(const struct transfer_check *req, struct keg_err *err)
{
	const struct storage_ref none = { 0 };
	auto(keg_arena) arena = { 0 };
	autoptr(store) store = NULL;
	struct store_layer *layers;
	size_t n;
	int r = storage_ref_open(&none, req->access, &store, err);

	if (r >= 0)
		r = store_layer_list(store, &arena, &layers, &n, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct keg_err why;

		if (can_be_checked(store, &layers[i]) && check_layer(store, &layers[i], &why) < 0 &&
		    !is_gone(store, layers[i].id))
			req->damaged(req->ctx, layers[i].id, why.msg);
	}
	return r < 0 ? r : 0;
}
