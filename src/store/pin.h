/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin.h - keep an image while our containers use it.
 *
 * Our containers are not in the shared containers.json, one record for each would cost a global
 * rewrite. Instead an image in use has one record there, the pin, made for the first of our
 * containers and removed after the last. It has an empty layer of its own on top of the image's,
 * so a peer that removes the pin by force deletes nothing of the image. Which of our
 * containers use the image is said by files <graphroot>/keg/pins/<image id>/<container id>.
 *
 * A pin is two global rewrites. A short container avoids them with a hold: a shared record lock
 * that blocks every removal, without writing anything, until the container ends or a pin is
 * made. The usual run:
 *
 *   store_hold()            resolve the image only after this
 *   store_image_find()
 *   ... start the container ...
 *   store_pin()             at leisure, unless the container has ended already
 *   store_hold_release()
 *   ... at its end ...      store_unpin()
 *
 * A hold keeps the peers' writers waiting: tens of milliseconds are fine, seconds are not.
 */
#ifndef KEG_STORE_PIN_H
#define KEG_STORE_PIN_H

#include <stdbool.h>

#include "base/strv.h"
#include "store/store.h"

/*
 * From now on no tool can remove an image, until the descriptor returned is closed (also by the
 * death of its last holder: it may be inherited or sent). Waits while a peer is writing.
 */
int store_hold(struct store *store, struct keg_err *err) KEG_MUST_CHECK;
void store_hold_release(int *hold); /* closes and sets -1; -1 is fine */

/*
 * Note that our container uses the image (its full id). With a pin in place, which is the
 * usual case, this makes one file and takes no global lock. Safe under a hold, and several
 * processes at once. KEG_ENOTFOUND when the image is gone. Images of additional stores need
 * no pin: nothing is done for them.
 */
int store_pin(struct store *store, const char *image, const char *container,
	      struct keg_err *err) KEG_MUST_CHECK;

/*
 * The reverse; the last one removes the pin. What is not pinned is fine. `container` NULL only
 * looks whether a pin without containers is left, and removes it.
 */
int store_unpin(struct store *store, const char *image, const char *container,
		struct keg_err *err) KEG_MUST_CHECK;

/* Our containers that use the image; appended. */
int store_pin_list(struct store *store, const char *image, struct keg_strv *containers,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Is a record of containers.json with this name a pin? For those who list the peers' containers. */
bool store_pin_is_name(const char *name);

#endif
