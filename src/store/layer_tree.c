/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "store/handle.h"
#include "store/vfs.h"

/* A tar of this size may hold nothing: an entry for the root and the padding of 20 blocks. */
enum { LINK_LEN = 26, SMALL_FILE_MAX = 1 << 20, EMPTY_TAR_MAX = 20 * 1024 };

static const char link_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* 26 letters of base32, as the peers make them: short, so that many fit mount options. */
static void random_link(char out[LINK_LEN + 1])
{
	unsigned char random[LINK_LEN];

	keg_random(random, sizeof random);
	for (size_t i = 0; i < LINK_LEN; i++)
		out[i] = link_letters[random[i] % (sizeof link_letters - 1)];
	out[LINK_LEN] = '\0';
}

char *layer_tree_folder(const struct store_place *place, const char *id)
{
	return place->vfs ? keg_path_join("dir", id) : keg_strdup(id);
}

char *layer_tree_path(const struct store_place *place, const char *id)
{
	return place->vfs ? keg_path_join("dir", id) : keg_path_join(id, "diff");
}

int layer_tree_link(const struct store_place *place, const char *id, char **out,
		    struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autofree char *path = keg_path_join(id, "link");
	int r = keg_file_read(place->trees, path, SMALL_FILE_MAX, &text, err);

	if (r < 0)
		return r;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		keg_buf_cut(&text, text.len - 1);
	if (text.len == 0 || strpbrk(keg_buf_text(&text), "/:,") || text.data[0] == '.')
		return keg_fail(err, KEG_ECORRUPT, "layer %s: malformed short link", id);
	*out = keg_buf_take(&text);
	return 0;
}

/* False also where we may not look: nobody can say that it is. */
static bool is_empty(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	}
	return dir != NULL;
}

bool layer_tree_is_whole(const struct store_place *place, const char *id, bool lowest,
			 int64_t diff_size)
{
	autofree char *diff = layer_tree_path(place, id);
	autofree char *lower = keg_path_join(id, "lower");
	autofree char *link = NULL;
	struct keg_err ignored;
	struct stat st;

	if (!keg_exists(place->trees, diff))
		return false;
	if (!place->vfs && layer_tree_link(place, id, &link, &ignored) < 0)
		return false;
	if (!place->vfs && !lowest && (fstatat(place->trees, lower, &st, 0) < 0 || st.st_size == 0))
		return false;
	return diff_size <= EMPTY_TAR_MAX || !is_empty(place->trees, diff);
}

bool layer_tree_record_is_whole(const struct store_place *place, struct json_object *record)
{
	return layer_tree_is_whole(place, keg_json_str(record, "id", ""),
				   keg_str_empty(keg_json_str(record, "parent", NULL)),
				   keg_json_i64(record, "diff-size", -1));
}

int layer_tree_check(const struct store_place *place, const char *id, struct keg_err *err)
{
	autofree char *blob = keg_path_join(id, "composefs-data");

	if (!keg_exists(place->trees, blob))
		return 0;
	keg_fail(err, KEG_EUNSUPPORTED, "layer %s is stored with composefs", id);
	return keg_hint(err, "Set use_composefs = \"false\" in storage.conf and pull it again.");
}

int layer_tree_relink(struct store *store, const char *id, const char *link, struct keg_err *err)
{
	autofree char *name = keg_path_join("l", link);
	autofree char *target = keg_printf("../%s/diff", id);
	int overlay = store_own(store)->trees;
	int r = keg_mkdirs(overlay, "l", 0755, err);

	if (r < 0)
		return r;
	if (symlinkat(target, overlay, name) < 0)
		return keg_fail_sys(err, errno, "create short link %s", name);
	return 0;
}

/* "l/<parent's link>:<parent's lower>" */
static int lower_of(struct store *store, const char *parent, struct keg_buf *out,
		    struct keg_err *err)
{
	autofree char *link = NULL;
	autofree char *path = keg_path_join(parent, "lower");
	auto(keg_buf) rest = { 0 };

	if (layer_tree_link(store_own(store), parent, &link, err) < 0)
		return keg_wrap(err, "layer %s", parent);
	keg_buf_printf(out, "l/%s", link);
	if (keg_file_read(store_own(store)->trees, path, SMALL_FILE_MAX, &rest, err) < 0)
		return err->sys == ENOENT ? 0 : -(int)err->code;
	if (rest.len > 0)
		keg_buf_printf(out, ":%s", keg_buf_text(&rest));
	return 0;
}

/* An archive need not have an entry for its root; what is below shows through, then. */
static int inherit_root(struct store *store, int layer, const char *parent, struct keg_err *err)
{
	autofd int diff = keg_open_at(layer, "diff", O_RDONLY | O_DIRECTORY, 0, err);
	struct stat st;

	if (diff < 0)
		return diff;
	if (fstat(diff, &st) < 0)
		return keg_fail_sys(err, errno, "stat layer");
	if ((st.st_mode & 07777) != STORE_MODE_UNSET)
		return 0;
	if (keg_str_empty(parent))
		st.st_mode = 0555;
	else {
		autofree char *path = keg_path_join(parent, "diff");

		if (fstatat(store_own(store)->trees, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return keg_fail_sys(err, errno, "stat layer %s", parent);
		if (fchown(diff, st.st_uid, st.st_gid) < 0)
			return keg_fail_sys(err, errno, "change owner of layer");
	}
	if (fchmod(diff, st.st_mode & 07777) < 0)
		return keg_fail_sys(err, errno, "change mode of layer");
	return 0;
}

static int write_small(int dir, const char *name, const char *text, size_t len, struct keg_err *err)
{
	return keg_file_write(dir, name, text, len, 0644, 0, err);
}

/* Everything beside diff/. */
static int furnish(struct store *store, int layer, const char *parent, const char *link,
		   struct keg_err *err)
{
	bool lowest = keg_str_empty(parent);

	if (mkdirat(layer, "work", 0700) < 0 || mkdirat(layer, "merged", 0700) < 0 ||
	    (lowest && mkdirat(layer, "empty", 0700) < 0))
		return keg_fail_sys(err, errno, "create layer");
	if (!lowest) {
		auto(keg_buf) lower = { 0 };

		if (lower_of(store, parent, &lower, err) < 0 ||
		    write_small(layer, "lower", lower.data, lower.len, err) < 0)
			return -(int)err->code;
	}
	return write_small(layer, "link", link, strlen(link), err);
}

/* Out of the way, to be removed with the staging. */
static int move_aside(struct store *store, struct store_staging *staging, const char *id,
		      struct keg_err *err)
{
	autofree char *name = keg_printf("old-%s", id);
	autofree char *folder = layer_tree_folder(store_own(store), id);

	if (renameat(store_own(store)->trees, folder, store_staging_dir(staging), name) < 0 &&
	    errno != ENOENT)
		return keg_fail_sys(err, errno, "move layer %s away", id);
	return 0;
}

static int place_whole(struct store *store, struct store_staging *staging, const char *id,
		       const char *parent, struct keg_err *err)
{
	autofree char *folder = layer_tree_folder(store_own(store), id);

	if (vfs_build(store_own(store), staging, parent, err) < 0 ||
	    move_aside(store, staging, id, err) < 0)
		return keg_wrap(err, "store layer %s", id);
	if (renameat(store_staging_dir(staging), VFS_STAGED, store_own(store)->trees, folder) < 0)
		return keg_fail_sys(err, errno, "move layer %s into place", id);
	return store_staging_place_split(staging, id, err);
}

int layer_tree_place(struct store *store, struct store_staging *staging, const char *id,
		     const char *parent, struct keg_err *err)
{
	if (store->vfs)
		return place_whole(store, staging, id, parent, err);

	char link[LINK_LEN + 1];
	int dir = store_staging_dir(staging);
	autofd int layer = keg_open_at(dir, STORE_STAGING_LAYER, O_RDONLY | O_DIRECTORY, 0, err);

	random_link(link);
	if (layer < 0 || inherit_root(store, layer, parent, err) < 0 ||
	    furnish(store, layer, parent, link, err) < 0 || move_aside(store, staging, id, err) < 0)
		return keg_wrap(err, "store layer %s", id);
	if (renameat(dir, STORE_STAGING_LAYER, store_own(store)->trees, id) < 0)
		return keg_fail_sys(err, errno, "move layer %s into place", id);
	if (store_staging_place_split(staging, id, err) < 0 ||
	    layer_tree_relink(store, id, link, err) < 0)
		return keg_wrap(err, "store layer %s", id);
	return 0;
}

int layer_tree_place_bare(struct store *store, struct store_staging *staging, const char *id,
			  const char *parent, struct keg_err *err)
{
	return layer_tree_place(store, staging, id, store->vfs ? NULL : parent, err);
}

int layer_tree_drop(struct store *store, struct store_staging *trash, const char *id,
		    struct keg_err *err)
{
	struct keg_err unnamed;
	autofree char *link = NULL;
	autofree char *split = keg_printf("%s.tar-split.gz", id);

	if (!store->vfs && layer_tree_link(store_own(store), id, &link, &unnamed) >= 0) {
		autofree char *name = keg_path_join("l", link);

		unlinkat(store_own(store)->trees, name, 0);
	}
	unlinkat(store_own(store)->lists[STORE_LAYERS], split, 0);
	return move_aside(store, trash, id, err);
}
