/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The top layer's files `link` and `lower` name all layers, shortest names first read: neither
 * the lists nor the index need to be consulted for the chain.
 */
#include "store/rootfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "os/overlay.h"
#include "os/path.h"
#include "store/handle.h"
#include "store/layer.h"
#include "store/layer_tree.h"
#include "store/vfs.h"

enum { LOWER_MAX = 1 << 20, LAYERS_MAX = 500 };

/* "l/<link>" of the layer and of all below it, the topmost first. */
static int list_layers(const struct store_place *place, const char *layer, struct keg_strv *out,
		       struct keg_err *err)
{
	autofree char *link = NULL;
	autofree char *path = keg_path_join(layer, "lower");
	auto(keg_buf) lower = { 0 };

	if (layer_tree_check(place, layer, err) < 0 ||
	    layer_tree_link(place, layer, &link, err) < 0)
		return -(int)err->code;
	keg_strv_addf(out, "l/%s", link);
	if (keg_file_read(place->trees, path, LOWER_MAX, &lower, err) < 0)
		return err->sys == ENOENT ? 0 : -(int)err->code;
	while (lower.len > 0 && lower.data[lower.len - 1] == '\n')
		keg_buf_cut(&lower, lower.len - 1);
	keg_strv_split(out, keg_buf_text(&lower), ':');
	if (out->n > LAYERS_MAX)
		return keg_fail(err, KEG_EUNSUPPORTED, "%zu layers; overlay mounts at most %d",
				out->n, LAYERS_MAX);
	return 0;
}

/* After a failed mount: which layer is it? A lost short link is put right, as the peers do. */
static int repair_links(struct store *store, const struct store_image *image, size_t *repaired,
			struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_layer *chain;
	size_t n;
	int r = store_layer_chain(store, image->layer, &arena, &chain, &n, err);

	*repaired = 0;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		const struct store_place *place = &store->places[chain[i].in_store];
		autofree char *link = NULL;

		r = layer_tree_link(place, chain[i].id, &link, err);
		if (r < 0)
			break;
		autofree char *name = keg_path_join("l", link);
		autofree char *diff = keg_path_join(chain[i].id, "diff");
		if (!keg_exists(place->trees, diff))
			return keg_fail(err, KEG_ECORRUPT, "layer %s has no tree", chain[i].id);
		if (keg_exists(place->trees, name) || chain[i].in_store > 0)
			continue;
		r = layer_tree_relink(store, chain[i].id, link, err);
		*repaired += r >= 0;
	}
	return r;
}

/*
 * The root of the mount looks like the upper folder. So a new one is made to look like the
 * image's; the kernel makes work/work at the first mount, by which an old one is known.
 */
static int dress_upper(const struct store_place *place, const struct store_rootfs *what,
		       struct keg_err *err)
{
	autofree char *diff = keg_path_join(what->image->layer, "diff");
	struct stat image, upper;
	char path[PATH_FD_MAX];

	if (what->upper < 0 || keg_exists(what->work, "work"))
		return 0;
	if (fstatat(place->trees, diff, &image, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstat(what->upper, &upper) < 0)
		return keg_fail_sys(err, errno, "stat the image's root");
	/* In a user namespace the owner may be one that it does not have: then it stays ours. */
	if ((image.st_uid != upper.st_uid || image.st_gid != upper.st_gid) &&
	    fchownat(what->upper, "", image.st_uid, image.st_gid, AT_EMPTY_PATH) < 0 &&
	    errno != EINVAL && errno != EPERM)
		return keg_fail_sys(err, errno, "change the owner of the container's tree");
	/* It may be O_PATH. */
	if (chmod(path_of_fd(what->upper, path), image.st_mode & 07777) < 0)
		return keg_fail_sys(err, errno, "change the mode of the container's tree");
	return 0;
}

static int check(const struct store *store, struct keg_err *err)
{
	if (!store->config.mount_program)
		return 0;
	keg_fail(err, KEG_EUNSUPPORTED, "mount_program %s is not supported",
		 store->config.mount_program);
	return keg_hint(err,
			"Remove mount_program from storage.conf: the kernel's overlay is used.");
}

/* Overlay wants a second layer where there is no upper one: the lowest layers keep one ready. */
static void add_empty(const struct store_rootfs *what, struct keg_strv *layers)
{
	if (what->upper < 0 && layers->n == 1)
		keg_strv_addf(layers, "%s/empty", what->image->layer);
}

/* An image of nothing at all is an empty folder. */
static int open_nothing(struct store *store, struct keg_strv *layers, struct keg_err *err)
{
	int keg = store_keg_dir(store, err);

	if (keg < 0 || keg_mkdirs(keg, "empty/0", 0755, err) < 0 ||
	    keg_mkdirs(keg, "empty/1", 0755, err) < 0)
		return -(int)err->code;
	keg_strv_add(layers, "empty/0");
	keg_strv_add(layers, "empty/1");
	return keg;
}

static int mount_once(struct store *store, const struct store_rootfs *what, struct keg_err *err)
{
	const struct store_config *config = &store->config;
	const struct store_place *place = &store->places[what->image->in_store];
	auto(keg_strv) layers = { 0 };
	int base = place->trees, r = 0;

	if (*what->image->layer) {
		r = list_layers(place, what->image->layer, &layers, err);
		add_empty(what, &layers);
		if (r >= 0)
			r = dress_upper(place, what, err);
	} else {
		base = r = open_nothing(store, &layers, err);
	}
	if (r < 0)
		return r;

	const struct overlay_request req = {
		.base = base,
		.lower = (const char *const *)layers.v,
		.n_lower = layers.n,
		.upper = what->upper,
		.work = what->work,
		.userxattr = store->in_userns,
		.is_volatile = what->is_volatile && !config->disable_volatile,
		.label = what->label,
		.options = config->mountopt,
	};
	return overlay_mount(&req, err);
}

int store_rootfs_mount(struct store *store, const struct store_rootfs *what, struct keg_err *err)
{
	size_t repaired;
	int r = store->vfs ? 0 : check(store, err);

	if (r < 0)
		return r;
	if (store->vfs) {
		r = vfs_mount(&store->places[what->image->in_store], what, err);
		return r < 0 ? keg_wrap(err, "mount image %s", what->image->id) : r;
	}
	r = mount_once(store, what, err);
	if (r == -KEG_ENOTFOUND && repair_links(store, what->image, &repaired, err) >= 0) {
		if (repaired == 0)
			keg_fail(err, KEG_ECORRUPT, "a layer is missing");
		else
			r = mount_once(store, what, err);
	}
	return r < 0 ? keg_wrap(err, "mount image %s", what->image->id) : r;
}
