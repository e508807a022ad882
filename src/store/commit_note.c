/* SPDX-License-Identifier: Apache-2.0 */
#include "store/commit_note.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/handle.h"

#define NOTE_DIR "keg/staging"
#define NOTE_PREFIX "commit-"

enum { NOTE_MAX = 1 << 20 };

int commit_note_write(struct store *store, const struct keg_strv *layers, struct commit_note *out,
		      struct keg_err *err)
{
	unsigned char random[16];
	char hex[2 * sizeof random + 1];
	autofree char *text = keg_strv_join(layers, "\n");
	int root = store_own(store)->root;

	keg_random(random, sizeof random);
	keg_hex(hex, random, sizeof random);
	if (keg_mkdirs(root, NOTE_DIR, 0700, err) < 0)
		return -(int)err->code;
	*out = (struct commit_note){ .path = keg_printf(NOTE_DIR "/" NOTE_PREFIX "%s", hex) };
	out->fd = keg_open_at(root, out->path, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	/* Empty and not yet locked it is nobody's, and says nothing. */
	if (out->fd < 0 || keg_lock_flock(out->fd, KEG_LOCK_EXCLUSIVE, err) < 0 ||
	    keg_write_all(out->fd, text, strlen(text), err) < 0) {
		commit_note_drop(store, out);
		return keg_wrap(err, "note a commit");
	}
	return 0;
}

void commit_note_drop(struct store *store, struct commit_note *note)
{
	if (!note->path)
		return;
	unlinkat(store_own(store)->root, note->path, 0);
	commit_note_leave(note);
}

void commit_note_leave(struct commit_note *note)
{
	auto_close_(&note->fd);
	free(note->path);
	*note = (struct commit_note){ .fd = -1 };
}

static int take_abandoned(int root, const char *name, struct keg_strv *paths,
			  struct keg_strv *layers, struct keg_err *err)
{
	autofree char *path = keg_path_join(NOTE_DIR, name);
	autofd int fd = keg_open_at(root, path, O_RDWR, 0, err);
	auto(keg_buf) text = { 0 };

	if (fd < 0)
		return err->sys == ENOENT ? 0 : fd;
	int r = keg_lock_try_flock(fd, KEG_LOCK_EXCLUSIVE, err);
	if (r > 0)
		r = keg_fd_read_all(fd, NOTE_MAX, &text, err);
	else
		return r; /* alive */
	if (r < 0)
		return r;
	keg_strv_split(layers, keg_buf_text(&text), '\n');
	keg_strv_add(paths, path);
	return 0;
}

int commit_notes_abandoned(struct store *store, struct keg_strv *paths, struct keg_strv *layers,
			   struct keg_err *err)
{
	int root = store_own(store)->root;
	int fd = keg_open_at(root, NOTE_DIR, O_RDONLY | O_DIRECTORY, 0, err);
	autodir stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!stream)
		return fd < 0 && err->sys == ENOENT ? 0 : keg_fail_sys(err, errno, "list notes");
	while (r >= 0 && (entry = readdir(stream)) != NULL) {
		if (keg_str_starts(entry->d_name, NOTE_PREFIX))
			r = take_abandoned(root, entry->d_name, paths, layers, err);
	}
	return r;
}
