/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sif:FILE - a Singularity image as an image of one layer. Its squashfs is unpacked by
 * unsquashfs(1) and packed again by tar(1), both under fakeroot(1) so that owners survive
 * whoever does it: as the peers do.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "image/made_source.h"
#include "image/scopes.h"
#include "spec/image_config.h"
#include "spec/sif.h"

#define SCRIPT_DIR "podman"
#define SCRIPT_PATH "/" SCRIPT_DIR "/runscript"
/*
 * $1 the folder, $2 the offset of the squashfs in standard input. The same image gives the same
 * tar: in order, and without the times at which it was unpacked.
 */
static const char convert_script[] =
	"unsquashfs -n -f -o \"$2\" -d \"$1\" /proc/self/fd/0 >/dev/null && "
	"exec tar --acls --xattrs --sort=name --pax-option=delete=atime,delete=ctime "
	"-C \"$1\" -cpf - ./";

enum {
	SAYS_MAX = 4096,
	STATUS_NO_PROGRAM = 127, /* sh(1) */
};

struct opened {
	int fd;
	struct sif sif;
	char *folder; /* to unpack into */
	struct keg_buf script;
};

static void opened_done(struct opened *in)
{
	struct keg_err ignored;

	if (in->fd >= 0)
		close(in->fd);
	if (in->folder)
		(void)!keg_remove_tree(AT_FDCWD, in->folder, &ignored);
	free(in->folder);
	keg_buf_done(&in->script);
}
KEG_AUTO(opened, opened_done)

/* A part of the file, which is as long as it says or malformed. */
static int read_part(const struct opened *in, uint64_t at, size_t len, struct keg_buf *out,
		     struct keg_err *err)
{
	autoptr(stream_in) from = stream_in_window(in->fd, at, len);

	int r = stream_read_all(from, len, out, err);
	if (r >= 0 && out->len < len)
		return keg_fail(err, KEG_ECORRUPT, "invalid SIF file: it is cut off");
	return r;
}

static int read_index(struct opened *in, struct keg_err *err)
{
	auto(keg_buf) header = { 0 }, table = { 0 };
	struct stat st;

	int r = read_part(in, 0, SIF_HEADER_LEN, &header, err);
	if (r >= 0)
		r = sif_parse_header(keg_buf_text(&header), header.len, &in->sif, err);
	if (r >= 0)
		r = read_part(in, in->sif.table_at, in->sif.n_entries * SIF_ENTRY_LEN, &table, err);
	if (r < 0)
		return r;
	if (fstat(in->fd, &st) < 0)
		return keg_fail_sys(err, errno, "stat");
	return sif_parse_table(keg_buf_text(&table), table.len, (uint64_t)st.st_size, &in->sif,
			       err);
}

static int read_script(struct opened *in, struct keg_err *err)
{
	const struct sif_object *object = &in->sif.definition;
	auto(keg_buf) text = { 0 };

	if (object->size > SIF_DEFINITION_MAX)
		return keg_fail(err, KEG_ECORRUPT, "the definition in the SIF file is too long");
	int r = read_part(in, object->at, (size_t)object->size, &text, err);
	return r < 0 ? r : sif_script(keg_buf_text(&text), &in->script);
}

/* The script in the folder, as old as the image. */
static int add_script(const struct opened *in, struct keg_err *err)
{
	const struct timespec then[2] = { { .tv_sec = in->sif.modified },
					  { .tv_sec = in->sif.modified } };
	autofree char *dir = keg_path_join(in->folder, SCRIPT_DIR);
	autofree char *path = keg_printf("%s" SCRIPT_PATH, in->folder);

	int r = keg_mkdirs(AT_FDCWD, dir, 0755, err);
	if (r >= 0)
		r = keg_file_write(AT_FDCWD, path, in->script.data, in->script.len, 0755, 0, err);
	if (r < 0)
		return r;
	if (utimensat(AT_FDCWD, path, then, 0) < 0 || utimensat(AT_FDCWD, dir, then, 0) < 0)
		return keg_fail_sys(err, errno, "set the times of %s", path);
	return 0;
}

static int make_folder(struct opened *in, const char *tmpdir, struct keg_err *err)
{
	int r = image_tmp_folder(tmpdir, "sif", &in->folder, err);

	if (r < 0)
		return r;
	if (chmod(in->folder, 0755) < 0) /* the image's own root */
		return keg_fail_sys(err, errno, "chmod %s", in->folder);
	return in->script.len > 0 ? add_script(in, err) : 0;
}

/* Fails with the first thing that the programs said: what follows is of no more use. */
static int conversion_failed(int status, int says, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;

	if (lseek(says, 0, SEEK_SET) == 0)
		(void)!keg_fd_read_all(says, SAYS_MAX, &text, &ignored);
	const char *first = keg_buf_text(&text);
	int len = (int)strcspn(first, "\n");
	if (len == 0)
		return keg_fail(err, KEG_ECORRUPT, "unsquashfs and tar: exit status %d", status);
	keg_fail(err, KEG_ECORRUPT, "%.*s", len, first);
	return status == STATUS_NO_PROGRAM
		       ? keg_hint(err, "install squashfs-tools to read sif: images")
		       : -(int)err->code;
}

/* The root file system as a tar in an unnamed file. */
static int convert(const struct opened *in, const char *tmpdir, struct keg_err *err)
{
	autofree char *offset = keg_printf("%llu", (unsigned long long)in->sif.rootfs.at);
	autofd int tar = keg_open_unnamed(image_tmpdir(tmpdir), err);
	if (tar < 0)
		return tar;
	autofd int says = keg_open_unnamed(image_tmpdir(tmpdir), err);
	if (says < 0)
		return says;
	const struct keg_spawn what = {
		.argv = (const char *[]){ "fakeroot", "--", "sh", "-c", convert_script, "sh",
					  in->folder, offset, NULL },
		.in = in->fd,
		.out = tar,
		.errfd = says,
	};
	autofd int child = keg_spawn(&what, NULL, err);
	if (child == -KEG_ENOTFOUND)
		return keg_hint(err, "install fakeroot and squashfs-tools to read sif: images");
	if (child < 0)
		return child;
	int status = keg_spawn_wait(child, err);
	if (status < 0)
		return status;
	return status > 0 ? conversion_failed(status, says, err) : take_fd(&tar);
}

static void make_config(struct made_source *src, const struct opened *in)
{
	const char *diff_id = src->layers[0].is.diff_id;
	const char *command = in->script.len > 0 ? SCRIPT_PATH : "bash";
	autofree char *when = keg_time_format((struct timespec){ .tv_sec = in->sif.modified });
	autofree char *added =
		keg_printf("/bin/sh -c #(nop) ADD file:%s in /", digest_hex(diff_id));
	autofree char *comment = keg_printf("imported from SIF, uuid: %s", in->sif.uuid);
	struct image_run_config run = { .cmd = &command, .n_cmd = 1 };
	struct image_rootfs rootfs = { .type = "layers", .diff_ids = &diff_id, .n_diff_ids = 1 };
	struct image_history history[] = {
		{ .created = when, .created_by = added, .comment = comment },
		{ .created = when,
		  .created_by = "/bin/sh -c #(nop) CMD [\"bash\"]",
		  .empty_layer = true },
	};
	struct image_config config = { .created = when,
				       .architecture = in->sif.architecture,
				       .os = "linux",
				       .config = &run,
				       .rootfs = &rootfs,
				       .history = history,
				       .n_history = KEG_COUNT(history) };

	image_config_emit(&config, &src->config);
}

static int sif_open(const char *rest, const struct image_access *access, struct image_source **out,
		    struct keg_err *err)
{
	auto(opened) in = { .fd = keg_open_at(AT_FDCWD, rest, O_RDONLY, 0, err) };
	struct made_source *src = made_source_new(keg_printf("sif:%s", rest), 1);

	autoptr(image_source) owned = &src->base;
	if (in.fd < 0)
		return in.fd;
	int r = read_index(&in, err);
	if (r >= 0)
		r = read_script(&in, err);
	if (r < 0)
		return keg_wrap(err, "loading SIF file");
	r = make_folder(&in, access->tmpdir, err);
	if (r >= 0)
		r = convert(&in, access->tmpdir, err);
	if (r < 0)
		return keg_wrap(err, "converting rootfs from SquashFS to Tarball");
	r = made_source_add(src, r, err);
	if (r < 0)
		return r;
	make_config(src, &in);
	made_source_finish(src, MANIFEST_OCI);
	*out = take_ptr(&owned);
	return 0;
}

static int sif_check(const char *rest, struct keg_err *err)
{
	return *rest ? 0 : keg_fail(err, KEG_EUSAGE, "sif: \"\" is no file");
}

static int sif_dest(const char *rest, const struct image_access *access, struct image_dest **out,
		    struct keg_err *err)
{
	(void)rest;
	(void)access;
	(void)out;
	return keg_fail(err, KEG_EUSAGE,
			"\"sif:\" locations can only be read from, not written to");
}

static int sif_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
		      struct keg_err *err)
{
	(void)access;
	(void)err;
	image_scopes_path(rest, out);
	return 0;
}

const struct image_transport image_transport_sif = {
	.name = "sif",
	.check = sif_check,
	.source = sif_open,
	.dest = sif_dest,
	.scopes = sif_scopes,
};
