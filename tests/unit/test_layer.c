/* SPDX-License-Identifier: Apache-2.0 */
/* Layers unpacked and packed: as root, or as root of a user namespace of its own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "archive/layer_apply.h"
#include "archive/layer_diff.h"
#include "archive/layer_dirs.h"
#include "base/mem.h"
#include "tests/unit/tar_maker.h"

#define auto_tree struct tree __attribute__((cleanup(tree_done)))

static bool in_userns;

static void write_map(const char *path, const char *text)
{
	struct keg_err err = { 0 };
	autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(keg_write_all(fd, text, strlen(text), &err), 0);
}

/* A user namespace with one id: ours, as root. */
static bool enter_userns(void)
{
	autofree char *uids = keg_printf("0 %u 1", geteuid());
	autofree char *gids = keg_printf("0 %u 1", getegid());

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	write_map("/proc/self/uid_map", uids);
	write_map("/proc/self/setgroups", "deny");
	write_map("/proc/self/gid_map", gids);
	return true;
}

static const char *opaque_name(void)
{
	return in_userns ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

static int apply_with(const struct tree *tree, const struct member *members, size_t n,
		      const struct layer_apply_options *options, struct layer_applied *done,
		      struct keg_err *err)
{
	auto(keg_buf) tar = { 0 };

	make_tar(members, n, &tar);
	autoptr(stream_in) in = stream_in_memory(tar.data, tar.len);
	return layer_apply(tree->fd, in, options, done, err);
}

static int apply(const struct tree *tree, const struct member *members, size_t n,
		 struct keg_err *err)
{
	const struct layer_apply_options options = { .userns = in_userns };
	struct layer_applied done;

	return apply_with(tree, members, n, &options, &done, err);
}

static struct stat stat_of(const struct tree *tree, const char *path)
{
	struct stat st = { 0 };

	if (fstatat(tree->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		st.st_nlink = 0;
	return st;
}

static bool is_whiteout(const struct tree *tree, const char *path)
{
	struct stat st = stat_of(tree, path);

	return st.st_nlink > 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

static bool is_opaque(const struct tree *tree, const char *path)
{
	char value[4];
	autofd int fd = openat(tree->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fgetxattr(fd, opaque_name(), value, sizeof value) == 1 && value[0] == 'y';
}

static void names_are_cleaned_and_may_not_lead_out(void **state)
{
	static const struct {
		const char *name, *clean; /* NULL: refused */
	} table[] = {
		{ "a/b", "a/b" },	{ "./a//b/./c/", "a/b/c" },
		{ "/etc/x", "etc/x" },	{ "a/../b", "b" },
		{ "a/b/../../c", "c" }, { "", "" },
		{ "./", "" },		{ "..", NULL },
		{ "../x", NULL },	{ "/..", NULL },
		{ "a/../../x", NULL },	{ "...", "..." },
	};
	auto(keg_buf) clean = { 0 };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		bool good = layer_name_clean(table[i].name, &clean);

		assert_int_equal(good, table[i].clean != NULL);
		if (good)
			assert_string_equal(keg_buf_text(&clean), table[i].clean);
	}
}

/* CVE-2014-6407, CVE-2014-9356: links and names of an archive that lead out of the root. */
static void nothing_is_made_outside_of_the_root(void **state)
{
	static const struct {
		struct member members[3];
		size_t n;
	} table[] = {
		{ { M_FILE("../evil", "x") }, 1 },
		{ { M_FILE("a/../../evil", "x") }, 1 },
		{ { M_LINK(TAR_SYMLINK, "up", "../../../../../../tmp/keg-evil"),
		    M_FILE("up/evil", "x") },
		  2 },
		{ { M_LINK(TAR_HARDLINK, "h", "../../../../../../etc/passwd") }, 1 },
		{ { M_LINK(TAR_HARDLINK, "h", "/etc/passwd") }, 1 },
		{ { M_LINK(TAR_SYMLINK, "s", "/etc"), M_LINK(TAR_HARDLINK, "h", "s/passwd") }, 2 },
		{ { M_LINK(TAR_SYMLINK, "loop", "loop"), M_FILE("loop/x", "x") }, 2 },
		{ { M_FILE("f", "x"), M_FILE("f/x", "x") }, 2 },
		{ { M_FILE("./", "x") }, 1 },
		{ { M_FILE(".wh...", "") }, 1 },
		{ { M_FILE("d/.wh..", "") }, 1 },
		{ { M_FILE(".wh.", "") }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		auto_tree tree;

		tree_make(&tree);
		int r = apply(&tree, table[i].members, table[i].n, &err);
		if (r != -KEG_ECORRUPT)
			fail_msg("case %zu: %d %s", i, r, err.msg);
		assert_non_null(strstr(err.msg, "layer entry \""));
	}
	assert_int_equal(access("/tmp/keg-evil", F_OK), -1);
	assert_int_equal(access("/tmp/evil", F_OK), -1);
}

static void links_are_followed_inside_the_root(void **state)
{
	static const struct member members[] = {
		M_DIR("etc"),
		M_LINK(TAR_SYMLINK, "abs", "/etc"),
		M_FILE("abs/one", "1"),
		M_LINK(TAR_SYMLINK, "far", "../../../etc"),
		M_FILE("far/two", "2"),
		M_FILE("/etc/three", "3"),
		M_LINK(TAR_HARDLINK, "hard", "/etc/one"),
	};
	struct keg_err err = { 0 };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	if (apply(&tree, members, KEG_COUNT(members), &err) < 0)
		fail_msg("%s", err.msg);
	assert_content(&tree, "etc/one", "1");
	assert_content(&tree, "etc/two", "2");
	assert_content(&tree, "etc/three", "3");
	assert_int_equal(stat_of(&tree, "hard").st_ino, stat_of(&tree, "etc/one").st_ino);
}

static void the_later_of_two_entries_wins(void **state)
{
	static const struct member members[] = {
		M_FILE("a", "old"),
		M_FILE("a", "new"),
		M_DIR("b"),
		M_FILE("b/x", "x"),
		M_FILE("b", "file"),
		M_FILE("c", "file"),
		M_DIR("c"),
		M_FILE("c/x", "x"),
		M_LINK(TAR_SYMLINK, "d", "a"),
		M_FILE("d", "mine"),
		M_DIR("e"),
		M_FILE("e/x", "kept"),
		M_DIR("e"),
		M_FILE("f", "f"),
		M_LINK(TAR_HARDLINK, "f", "a"),
		M_LINK(TAR_HARDLINK, "a", "./a"),
	};
	struct keg_err err = { 0 };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	if (apply(&tree, members, KEG_COUNT(members), &err) < 0)
		fail_msg("%s", err.msg);
	assert_content(&tree, "a", "new");
	assert_content(&tree, "b", "file");
	assert_content(&tree, "c/x", "x");
	assert_content(&tree, "d", "mine");
	assert_content(&tree, "e/x", "kept");
	assert_content(&tree, "f", "new");
}

static void modes_and_times_are_set_whatever_the_umask(void **state)
{
	static const struct timespec then = { 1000000000, 123456789 };
	const struct member members[] = {
		{ { .type = TAR_DIR, .name = "d", .mode = 03777, .mtime = { 1000000000, 0 } } },
		{ { .type = TAR_FILE, .name = "d/f", .mode = 06755, .mtime = { 1000000000, 0 } },
		  .content = "x" },
		{ { .type = TAR_FIFO, .name = "d/p", .mode = 0666, .mtime = { 1000000000, 0 } } },
		{ { .type = TAR_SYMLINK, .name = "d/l", .link = "f", .mtime = { 1000000000, 0 } } },
		{ { .type = TAR_FILE, .name = "d/none", .mode = 0, .mtime = { 1000000000, 0 } } },
	};
	static const struct {
		const char *path;
		mode_t mode;
	} want[] = { { "d", 03777 }, { "d/f", 06755 }, { "d/p", 0666 }, { "d/none", 0 } };
	struct keg_err err = { 0 };
	auto_tree tree;
	mode_t before = umask(077);

	(void)state;
	tree_make(&tree);
	int r = apply(&tree, members, KEG_COUNT(members), &err);
	umask(before);
	assert_int_equal(r, 0);
	for (size_t i = 0; i < KEG_COUNT(want); i++) {
		struct stat st = stat_of(&tree, want[i].path);

		assert_int_equal(st.st_mode & 07777, want[i].mode);
		assert_int_equal(st.st_mtim.tv_sec, then.tv_sec);
	}
	assert_int_equal(stat_of(&tree, "d/l").st_mtim.tv_sec, then.tv_sec);
}

static void whiteouts_become_what_overlayfs_wants(void **state)
{
	static const struct member members[] = {
		M_FILE(".wh.gone", ""),
		M_DIR("d"),
		M_FILE("d/.wh..wh..opq", ""),
		M_FILE("d/kept", "x"),
		M_FILE("implied/.wh.gone", ""),
		M_FILE(".wh..wh.plnk", ""),
		/* rm -r of a folder as some tools record it */
		M_FILE(".wh.tree", ""),
		M_FILE("tree/.wh.leaf", ""),
		/* a file of the layer hides the lower one by itself */
		M_FILE("both", "mine"),
		M_FILE(".wh.both", ""),
		/* replaced folders hide what was below them, in any order */
		M_FILE(".wh.again", ""),
		M_DIR("again"),
		M_DIR("later"),
		M_FILE(".wh.later", ""),
		M_FILE(".wh.parent", ""),
		M_FILE("parent/child", "x"),
	};
	struct keg_err err = { 0 };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	if (apply(&tree, members, KEG_COUNT(members), &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(is_whiteout(&tree, "gone"));
	assert_true(is_whiteout(&tree, "implied/gone"));
	assert_true(is_whiteout(&tree, "tree"));
	assert_true(is_opaque(&tree, "d"));
	assert_false(is_opaque(&tree, "implied"));
	assert_content(&tree, "d/kept", "x");
	assert_content(&tree, "both", "mine");
	assert_true(is_opaque(&tree, "again"));
	assert_true(is_opaque(&tree, "later"));
	assert_true(is_opaque(&tree, "parent"));
	assert_int_equal(stat_of(&tree, ".wh.gone").st_nlink, 0);
	assert_int_equal(stat_of(&tree, ".wh..wh.plnk").st_nlink, 0);
}

static void in_a_plain_archive_such_names_are_files(void **state)
{
	static const struct member members[] = { M_FILE(".wh.gone", "x") };
	const struct layer_apply_options options = { .whiteouts = LAYER_PLAIN };
	struct layer_applied done;
	struct keg_err err = { 0 };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	assert_int_equal(apply_with(&tree, members, 1, &options, &done, &err), 0);
	assert_content(&tree, ".wh.gone", "x");
	assert_int_equal(done.entries, 1);
	assert_int_equal(done.bytes, 1);
}

static void attributes_are_kept_but_for_overlays_own(void **state)
{
	static const struct tar_xattr xattrs[] = {
		{ "user.mine", "a\0b", 3 },
		{ "user.overlay.redirect", "/other", 6 },
		{ "trusted.overlay.opaque", "y", 1 },
	};
	const struct member members[] = {
		{ { .type = TAR_DIR, .name = "d", .mode = 0755, .xattrs = xattrs, .n_xattrs = 3 } },
		{ { .type = TAR_FILE, .name = "d/f", .xattrs = xattrs, .n_xattrs = 3 } },
	};
	char value[16], path[128];
	struct keg_err err = { 0 };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	if (apply(&tree, members, 2, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", tree.path, members[i].entry.name);
		assert_int_equal(getxattr(path, "user.mine", value, sizeof value), 3);
		assert_int_equal(getxattr(path, "user.overlay.redirect", value, sizeof value), -1);
		assert_int_equal(getxattr(path, "trusted.overlay.opaque", value, sizeof value), -1);
	}
}

static void sparse_files_stay_sparse(void **state)
{
	struct keg_err err = { 0 };
	struct layer_applied done;
	const struct layer_apply_options options = { .userns = in_userns };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	autoptr(stream_in) in =
		stream_in_fd(open("tests/fuzz/corpus/tar/sparse-pax-1.0", O_RDONLY | O_CLOEXEC));
	assert_int_equal(layer_apply(tree.fd, in, &options, &done, &err), 0);
	struct stat st = stat_of(&tree, "s/sparse");
	assert_int_equal(st.st_size, 300000);
	assert_true(st.st_blocks * 512 < 100000);
	assert_true(done.bytes < 100000);
}

static void limits_stop_floods(void **state)
{
	static const struct member files[] = { M_FILE("a", "12345"), M_FILE("b", "12345"),
					       M_FILE("c", "12345") };
	static const struct {
		struct layer_apply_options options;
		const char *reason;
	} table[] = {
		{ { .most_entries = 2 }, "more than 2 members" },
		{ { .most_bytes = 14 }, "more than 14 bytes" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct layer_applied done;
		auto_tree tree;

		tree_make(&tree);
		assert_int_equal(apply_with(&tree, files, 3, &table[i].options, &done, &err),
				 -KEG_ECORRUPT);
		assert_non_null(strstr(err.msg, table[i].reason));
		assert_non_null(strstr(err.msg, "layer entry \"c\""));
	}
}

static void a_flood_of_devices_is_stopped(void **state)
{
	const struct layer_apply_options options = { .userns = true }; /* none is made */
	autofree struct member *members = keg_alloc(LAYER_DEVICES_MAX + 1, sizeof *members);
	struct keg_err err = { 0 };
	struct layer_applied done;
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	for (size_t i = 0; i <= LAYER_DEVICES_MAX; i++)
		members[i].entry = (struct tar_entry){ .type = TAR_CHAR, .name = "c" };
	assert_int_equal(apply_with(&tree, members, LAYER_DEVICES_MAX + 1, &options, &done, &err),
			 -KEG_ECORRUPT);
	assert_non_null(strstr(err.msg, "device nodes"));
	assert_int_equal(stat_of(&tree, "c").st_nlink, 0);
}

/* Owners beyond the namespace's one id: 0 when all is as it should be. */
static int apply_foreign_owner(const struct tree *tree)
{
	const struct member members[] = { { { .type = TAR_FILE, .name = "f", .uid = 77777 } } };
	struct layer_apply_options options = { .userns = true };
	struct layer_applied done;
	struct keg_err err = { 0 };

	if (!in_userns && !enter_userns())
		return 1;
	if (apply_with(tree, members, 1, &options, &done, &err) != -KEG_EDENIED)
		return 2;
	if (!strstr(err.hint, "/etc/subuid"))
		return 3;
	options.ignore_chown_errors = true;
	return apply_with(tree, members, 1, &options, &done, &err) == 0 ? 0 : 4;
}

static void owners_that_cannot_be_set_are_ignored_only_when_asked(void **state)
{
	auto_tree tree;
	int status;

	(void)state;
	tree_make(&tree);
	pid_t child = fork(); /* a namespace entered is never left */
	if (child == 0)
		_exit(apply_foreign_owner(&tree));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_full_disk_is_named(void **state)
{
	struct keg_err err = { 0 };
	auto(keg_buf) big = { 0 };
	auto_tree tree;

	(void)state;
	tree_make(&tree);
	if (mount("tmpfs", tree.path, "tmpfs", 0, "size=64k") < 0) {
		print_message("# not run: no right to mount a file system here\n");
		return;
	}
	close(tree.fd);
	tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 100000; i++)
		keg_buf_putc(&big, 'x');
	const struct member members[] = { M_FILE("big", keg_buf_text(&big)) };
	int r = apply(&tree, members, 1, &err);
	umount2(tree.path, MNT_DETACH);
	assert_int_equal(r, -KEG_ENOSPACE);
	assert_non_null(strstr(err.msg, "layer entry \"big\""));
}

static const struct member mixed[] = {
	M_DIR("a"),
	M_FILE("a/one", "1"),
	M_LINK(TAR_SYMLINK, "a/sym", "one"),
	M_LINK(TAR_HARDLINK, "b", "a/one"),
	M_FILE(".wh.gone", ""),
	M_DIR("opq"),
	M_FILE("opq/.wh..wh..opq", ""),
	M_FILE("opq/\xc3\xa9", "utf-8"),
	M_FILE("z", ""),
};

static void pack(const struct tree *tree, struct keg_buf *out)
{
	const struct layer_diff_options options = { .overlay = true };
	struct keg_err err = { 0 };
	autoptr(stream_out) to = stream_out_buf(out);

	if (layer_diff(tree->fd, &options, to, &err) < 0)
		fail_msg("%s", err.msg);
}

static void a_packed_tree_unpacks_to_the_same_and_packs_to_the_same(void **state)
{
	const struct layer_apply_options options = { .userns = in_userns };
	struct keg_err err = { 0 };
	struct layer_applied done;
	auto_tree first;
	auto_tree second;
	auto(keg_buf) once = { 0 };
	auto(keg_buf) twice = { 0 };

	(void)state;
	tree_make(&first);
	tree_make(&second);
	assert_int_equal(apply(&first, mixed, KEG_COUNT(mixed), &err), 0);
	pack(&first, &once);
	autoptr(stream_in) in = stream_in_memory(once.data, once.len);
	assert_int_equal(layer_apply(second.fd, in, &options, &done, &err), 0);
	pack(&second, &twice);
	assert_int_equal(once.len, twice.len);
	assert_memory_equal(once.data, twice.data, once.len);
	assert_content(&second, "b", "1");
	assert_int_equal(stat_of(&second, "b").st_nlink, 2);
	assert_true(is_whiteout(&second, "gone"));
	assert_true(is_opaque(&second, "opq"));
}

static void a_packed_tree_is_sorted_with_whiteouts_as_names(void **state)
{
	static const char *const want[] = {
		"a/",		"a/one", "a/sym", "b", ".wh.gone", "opq/", "opq/.wh..wh..opq",
		"opq/\xc3\xa9", "z"
	};
	struct keg_err err = { 0 };
	const struct tar_entry *entry;
	auto_tree tree;
	auto(keg_buf) tar = { 0 };

	(void)state;
	tree_make(&tree);
	assert_int_equal(apply(&tree, mixed, KEG_COUNT(mixed), &err), 0);
	pack(&tree, &tar);
	autoptr(stream_in) in = stream_in_memory(tar.data, tar.len);
	autoptr(tar_reader) reader = tar_reader_new(in, NULL);
	for (size_t i = 0; i < KEG_COUNT(want); i++) {
		assert_int_equal(tar_reader_next(reader, &entry, &err), 1);
		assert_string_equal(entry->name, want[i]);
		assert_int_equal(entry->n_xattrs, 0);
	}
	assert_int_equal(tar_reader_next(reader, &entry, &err), 0);
}

static void *apply_in_thread(void *arg)
{
	struct keg_err err = { 0 };

	for (int i = 0; i < 20; i++) {
		if (apply(arg, mixed, KEG_COUNT(mixed), &err) < 0)
			return arg;
	}
	return NULL;
}

static void threads_unpack_side_by_side(void **state)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	struct tree trees[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		tree_make(&trees[i]);
		assert_int_equal(pthread_create(&threads[i], NULL, apply_in_thread, &trees[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
		tree_done(&trees[i]);
	}
}

/* An ordinary user becomes root of a namespace; root gets mounts of its own. */
static int become_root(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		if (unshare(CLONE_NEWNS) == 0)
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		return 0;
	}
	if (!enter_userns())
		return -1;
	in_userns = true;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_cleaned_and_may_not_lead_out),
		cmocka_unit_test(nothing_is_made_outside_of_the_root),
		cmocka_unit_test(links_are_followed_inside_the_root),
		cmocka_unit_test(the_later_of_two_entries_wins),
		cmocka_unit_test(modes_and_times_are_set_whatever_the_umask),
		cmocka_unit_test(whiteouts_become_what_overlayfs_wants),
		cmocka_unit_test(in_a_plain_archive_such_names_are_files),
		cmocka_unit_test(attributes_are_kept_but_for_overlays_own),
		cmocka_unit_test(sparse_files_stay_sparse),
		cmocka_unit_test(limits_stop_floods),
		cmocka_unit_test(a_flood_of_devices_is_stopped),
		cmocka_unit_test(owners_that_cannot_be_set_are_ignored_only_when_asked),
		cmocka_unit_test(a_full_disk_is_named),
		cmocka_unit_test(a_packed_tree_unpacks_to_the_same_and_packs_to_the_same),
		cmocka_unit_test(a_packed_tree_is_sorted_with_whiteouts_as_names),
		cmocka_unit_test(threads_unpack_side_by_side),
	};

	return cmocka_run_group_tests(tests, become_root, NULL);
}
