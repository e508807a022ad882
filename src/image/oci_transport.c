/* SPDX-License-Identifier: Apache-2.0 */
/* oci:PATH[:REFERENCE] - a folder in the OCI image layout. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/oci_layout.h"
#include "image/scopes.h"

/* The nearest folder above a path that is to be made must be there, as with the peers. */
static int check_parent(const char *path, struct keg_err *err)
{
	autofree char *parent = keg_path_dir(path);
	struct stat st;

	if (stat(parent, &st) < 0)
		return keg_fail_sys(err, errno, "lstat %s", parent);
	return S_ISDIR(st.st_mode) ? 0 : keg_fail_sys(err, ENOTDIR, "lstat %s", path);
}

static int oci_check(const char *rest, struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	int r = oci_layout_split(rest, &path, &ref, err);

	return r < 0 ? r : check_parent(path, err);
}

static int oci_source(const char *rest, const struct image_access *access,
		      struct image_source **out, struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	int r = oci_layout_split(rest, &path, &ref, err);

	if (r < 0)
		return r;
	autofree char *name = keg_printf("oci:%s:%s", path, ref);
	return oci_layout_source(&(struct oci_layout){ .name = name,
						       .dir = path,
						       .ref = ref,
						       .shared_blobs = access->shared_blob_dir },
				 out, err);
}

static int oci_dest(const char *rest, const struct image_access *access, struct image_dest **out,
		    struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	int r = oci_layout_split(rest, &path, &ref, err);

	if (r < 0)
		return r;
	autofree char *name = keg_printf("oci:%s:%s", path, ref);
	return oci_layout_dest(&(struct oci_layout){ .name = name,
						     .dir = path,
						     .ref = ref,
						     .shared_blobs = access->shared_blob_dir },
			       access->oci_accept_uncompressed, out, err);
}

/* The name in the layout is no part of it: it may be left out where there is one image only. */
static int oci_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
		      struct keg_err *err)
{
	autofree char *path = NULL, *ref = NULL;
	int r = oci_layout_split(rest, &path, &ref, err);

	(void)access;
	if (r >= 0)
		image_scopes_path(path, out);
	return r;
}

const struct image_transport image_transport_oci = {
	.name = "oci",
	.check = oci_check,
	.source = oci_source,
	.dest = oci_dest,
	.scopes = oci_scopes,
};
