/* SPDX-License-Identifier: Apache-2.0 */
#include "os/overlay_options.h"

#include <string.h>
#include <sys/mount.h>

/* Words that are attributes of any mount, and the overlay's own by what stands before '='. */
static const struct {
	const char *name;
	uint64_t set, clear;
	bool own, not_with_userxattr;
} words_known[] = {
	{ .name = "defaults" },
	{ .name = "ro", .set = MOUNT_ATTR_RDONLY },
	{ .name = "rw", .clear = MOUNT_ATTR_RDONLY },
	{ .name = "nodev", .set = MOUNT_ATTR_NODEV },
	{ .name = "dev", .clear = MOUNT_ATTR_NODEV },
	{ .name = "nosuid", .set = MOUNT_ATTR_NOSUID },
	{ .name = "suid", .clear = MOUNT_ATTR_NOSUID },
	{ .name = "noexec", .set = MOUNT_ATTR_NOEXEC },
	{ .name = "exec", .clear = MOUNT_ATTR_NOEXEC },
	{ .name = "noatime", .set = MOUNT_ATTR_NOATIME },
	{ .name = "nodiratime", .set = MOUNT_ATTR_NODIRATIME },
	{ .name = "relatime" }, /* the default of a new mount */
	{ .name = "volatile", .own = true },
	{ .name = "userxattr", .own = true },
	{ .name = "metacopy", .own = true, .not_with_userxattr = true },
	{ .name = "redirect_dir", .own = true, .not_with_userxattr = true },
	{ .name = "index", .own = true },
	{ .name = "nfs_export", .own = true },
	{ .name = "xino", .own = true },
	{ .name = "uuid", .own = true },
	{ .name = "verity", .own = true, .not_with_userxattr = true },
};

static int take_word(struct overlay_options *out, const char *word, bool userxattr,
		     struct keg_err *err)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < KEG_COUNT(words_known); i++) {
		if (strlen(words_known[i].name) != len ||
		    strncmp(words_known[i].name, word, len) != 0 ||
		    (word[len] == '=' && !words_known[i].own))
			continue;
		out->attrs = (out->attrs & ~words_known[i].clear) | words_known[i].set;
		if (words_known[i].own && !(userxattr && words_known[i].not_with_userxattr) &&
		    !keg_strv_has(&out->words, word))
			keg_strv_add(&out->words, word);
		return 0;
	}
	return keg_fail(err, KEG_EUSAGE, "unknown overlay mount option %s", word);
}

int overlay_options_parse(const struct overlay_request *req, struct overlay_options *out,
			  struct keg_err *err)
{
	auto(overlay_options) options = { 0 };
	auto(keg_strv) words = { 0 };

	keg_strv_split(&words, req->options ? req->options : "", ',');
	if (req->userxattr)
		keg_strv_add(&words, "userxattr");
	if (req->is_volatile && req->upper >= 0)
		keg_strv_add(&words, "volatile");
	for (size_t i = 0; i < words.n; i++) {
		/* Without an upper folder there is nothing to sync, and the kernel objects. */
		if (!*words.v[i] || (req->upper < 0 && keg_str_eq(words.v[i], "volatile")))
			continue;
		int r = take_word(&options, words.v[i], req->userxattr, err);
		if (r < 0)
			return r;
	}
	if (req->upper < 0)
		options.attrs |= MOUNT_ATTR_RDONLY;
	*out = options;
	options = (struct overlay_options){ 0 };
	return 0;
}

void overlay_options_done(struct overlay_options *options)
{
	keg_strv_done(&options->words);
}

int overlay_refused(struct keg_err *err, int sys, const char *what)
{
	keg_fail_sys(err, sys, "mount overlay: %s", what);
	if (sys == EPERM || sys == ENODEV || sys == EACCES) {
		err->code = KEG_EUNSUPPORTED;
		return keg_hint(err, "Overlay needs Linux 5.11 or newer in a user namespace, and "
				     "the overlay module.");
	}
	return -(int)err->code;
}
