/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_note.h - which layers a commit is about to record for its image, noted beside the
 * lists. Killed between the two lists, it leaves whole layers of no image, which look like
 * those of a peer that is still pulling; by the note a check knows them for ours.
 */
#ifndef KEG_STORE_COMMIT_NOTE_H
#define KEG_STORE_COMMIT_NOTE_H

#include "base/strv.h"
#include "store/store.h"

struct commit_note {
	char *path; /* below the graph root, or NULL: none was written */
	int fd;	    /* locked as long as its writer lives */
};

int commit_note_write(struct store *store, const struct keg_strv *layers, struct commit_note *out,
		      struct keg_err *err) KEG_MUST_CHECK;
/* Both lists are written, or nothing is. */
void commit_note_drop(struct store *store, struct commit_note *note);
/* Something was left: let the note stand for who collects it. */
void commit_note_leave(struct commit_note *note);

/* The notes of the dead: their paths, and the layers in all of them; both appended. */
int commit_notes_abandoned(struct store *store, struct keg_strv *paths, struct keg_strv *layers,
			   struct keg_err *err) KEG_MUST_CHECK;

#endif
