/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the image store of this machine: containers/storage, overlay driver.
 *
 * The folder is shared with Podman, Buildah, Skopeo and CRI-O: the same files, read and
 * written under the same locks. Files: config.h which folder, with which options
 * (storage.conf); lockfile.h the peers' lock protocol; records.h their JSON lists; index.h
 * our own small index over those; image.h and layer.h reading; staging.h and commit.h
 * writing; names.h and remove.h changing; pin.h keeping an image in use; rootfs.h mounting it;
 * check.h finding and removing what crashes left.
 *
 *   <graphroot>/overlay-images/images.json    images; <id>/ holds their manifest and config
 *   <graphroot>/overlay-layers/layers.json    layers; <id>.tar-split.gz
 *   <graphroot>/overlay-containers/           the peers' containers, and our pins
 *   <graphroot>/overlay/<id>/{diff,link,lower,work,merged,empty}, overlay/l/<link> -> ../<id>/diff
 *   <graphroot>/overlay/tempdirs/keg-*        layers being unpacked or removed; the peers ignore it
 *   <graphroot>/keg/                          ours: index, pins/, staging/, and the engine's
 *
 * With the setting `imagestore` the images' part of this, and staging/, is there instead; images of
 * the graph root are then found as in an additional, read-only store.
 *
 * Reading takes no lock: each list is replaced by rename, so what is read is whole. Writing
 * takes layers.lock, images.lock, containers.lock in this order, as the peers do, and
 * only as many as it needs. Rootless: the caller is in the user namespace already.
 *
 * A struct store is for one thread at a time, but for staging.h, which says otherwise.
 */
#ifndef KEG_STORE_STORE_H
#define KEG_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "store/config.h"

enum { STORE_ID_LEN = 64 }; /* hex digits of an image's, layer's or container's id */

struct store;

/*
 * Open the store that `config` (store_config_load()) names; its folders are made when missing.
 * Drivers other than overlay are KEG_EUNSUPPORTED, and so are options that change the
 * format of what is written. The config may be released afterwards.
 */
int store_open(const struct store_config *config, struct store **out,
	       struct keg_err *err) KEG_MUST_CHECK;
void store_close(struct store *store);
KEG_AUTOPTR(store, store_close)

/* As opened; valid as long as the store. */
const struct store_config *store_config(const struct store *store);

/* <graphroot>/keg, which is made when missing. The descriptor is the store's. */
int store_keg_dir(struct store *store, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Is this process in a user namespace that maps less than everything? Overlay attributes are
 * then "user.overlay.*" (layer_apply_options.userns), as the peers write them.
 */
bool store_in_userns(const struct store *store);

/* Exactly STORE_ID_LEN lower-case hex digits: safe as a file name. */
bool store_id_is_valid(const char *text);

#endif
