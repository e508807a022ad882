/* SPDX-License-Identifier: Apache-2.0 */
#include "image/blob_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

void blob_folder_init(struct blob_folder *folder, int fd)
{
	*folder = (struct blob_folder){ .fd = fd };
	pthread_mutex_init(&folder->lock, NULL);
}

static int list(int at, struct keg_strv *names, struct keg_err *err)
{
	int fd = keg_open_at(at, ".", O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	autodir listing = fdopendir(fd);
	if (!listing) {
		int sys = errno;
		close(fd);
		return keg_fail_sys(err, sys, "list a folder");
	}
	for (const struct dirent *e; (e = readdir(listing)) != NULL;) {
		if (!keg_str_eq(e->d_name, ".") && !keg_str_eq(e->d_name, ".."))
			keg_strv_add(names, e->d_name);
	}
	return 0;
}

int blob_folder_list(struct blob_folder *folder, struct keg_err *err)
{
	return list(folder->fd, &folder->before, err);
}

void blob_folder_add(struct blob_folder *folder, const char *name)
{
	pthread_mutex_lock(&folder->lock);
	keg_strv_add(&folder->names, name);
	pthread_mutex_unlock(&folder->lock);
}

int blob_folder_remove_others(const struct blob_folder *folder, struct keg_err *err)
{
	auto(keg_strv) found = { 0 };

	int r = list(folder->fd, &found, err);
	for (size_t i = 0; i < found.n && r >= 0; i++) {
		if (!keg_strv_has(&folder->names, found.v[i]))
			r = keg_remove_tree(folder->fd, found.v[i], err);
	}
	return r;
}

void blob_folder_undo(const struct blob_folder *folder)
{
	for (size_t i = 0; i < folder->names.n; i++) {
		if (!keg_strv_has(&folder->before, folder->names.v[i]))
			unlinkat(folder->fd, folder->names.v[i], 0);
	}
}

void blob_folder_done(struct blob_folder *folder)
{
	pthread_mutex_destroy(&folder->lock);
	keg_strv_done(&folder->names);
	keg_strv_done(&folder->before);
}
