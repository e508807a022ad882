/* SPDX-License-Identifier: Apache-2.0 */
/* tar_maker.h - archives and trees for the tests of archive/. */
#ifndef KEG_TESTS_TAR_MAKER_H
#define KEG_TESTS_TAR_MAKER_H

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/stream.h"
#include "archive/tar_writer.h"
#include "base/file.h"
#include "tests/unit/cmocka_keg.h"

/* A member and its content. */
struct member {
	struct tar_entry entry;
	const char *content;
};

#define M_FILE(path, text)                                                        \
	{                                                                         \
		{ .type = TAR_FILE, .name = path, .mode = 0644 }, .content = text \
	}
#define M_DIR(path)                                                 \
	{                                                           \
		{                                                   \
			.type = TAR_DIR, .name = path, .mode = 0755 \
		}                                                   \
	}
#define M_LINK(kind, path, to)                                               \
	{                                                                    \
		{                                                            \
			.type = kind, .name = path, .mode = 0777, .link = to \
		}                                                            \
	}

static inline void make_tar(const struct member *members, size_t n, struct keg_buf *out)
{
	struct keg_err err = { 0 };
	autoptr(stream_out) to = stream_out_buf(out);
	autoptr(tar_writer) writer = tar_writer_new(to, false);

	for (size_t i = 0; i < n; i++) {
		struct tar_entry entry = members[i].entry;
		const char *content = members[i].content;

		entry.uid = entry.uid ? entry.uid : geteuid();
		entry.gid = entry.gid ? entry.gid : getegid();
		entry.size = content ? strlen(content) : 0;
		assert_true(tar_writer_add(writer, &entry, &err) >= 0);
		if (content)
			assert_true(tar_writer_data(writer, content, entry.size, &err) >= 0);
	}
	assert_true(tar_writer_end(writer, &err) >= 0);
}

/* A fresh folder; its name is needed to remove it again. */
struct tree {
	char path[64];
	int fd;
};

static inline void tree_make(struct tree *tree)
{
	strcpy(tree->path, "/tmp/keg-tree-XXXXXX");
	assert_non_null(mkdtemp(tree->path));
	tree->fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->fd >= 0);
}

static inline void tree_done(struct tree *tree)
{
	struct keg_err err = { 0 };

	close(tree->fd);
	if (keg_remove_tree(AT_FDCWD, tree->path, &err) < 0)
		keg_err_print(&err, stderr);
}
KEG_AUTO(tree, tree_done)

static inline void assert_content(const struct tree *tree, const char *path, const char *want)
{
	struct keg_err err = { 0 };
	auto(keg_buf) text = { 0 };

	assert_int_equal(keg_file_read(tree->fd, path, 1 << 20, &text, &err), 0);
	assert_string_equal(keg_buf_text(&text), want);
}

#endif
