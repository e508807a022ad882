/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seccomp_profile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "engine/capabilities.h"
#include "engine/seccomp_default.h"
#include "os/seccomp.h"
#include "spec/seccomp_profile.h"

static const char *const default_places[] = { "/etc/containers/seccomp.json",
					      "/usr/share/containers/seccomp.json" };

/* The file to use: its descriptor, or -1 for the built-in profile. */
static int open_profile(const char **path, struct keg_err *err)
{
	if (*path) {
		int fd = keg_open_at(AT_FDCWD, *path, O_RDONLY, 0, err);

		return fd < 0 ? keg_wrap(err, "opening seccomp profile failed") : fd;
	}
	for (size_t i = 0; i < KEG_COUNT(default_places); i++) {
		int fd = open(default_places[i], O_RDONLY | O_CLOEXEC);

		if (fd >= 0) {
			*path = default_places[i];
			return fd;
		}
	}
	return -1;
}

static int load(int fd, const char *path, uint64_t caps, struct oci_seccomp *out,
		struct keg_arena *arena, struct keg_err *err)
{
	const char **names = keg_arena_alloc(arena, CAPABILITY_COUNT, sizeof *names);
	struct seccomp_host host = seccomp_host_here();
	struct seccomp_document document;

	if (path) {
		auto(keg_buf) text = { 0 };
		int r = keg_fd_read_all(fd, SECCOMP_PROFILE_MAX, &text, err);

		if (r >= 0)
			r = seccomp_document_parse(keg_buf_text(&text), text.len, &document, arena,
						   err);
		if (r < 0)
			return keg_wrap(err, "loading seccomp profile (%s) failed", path);
	} else {
		seccomp_default_document(&document, arena);
	}
	host.caps = names;
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (caps >> i & 1)
			names[host.n_caps++] = capability_name(i);
	}
	seccomp_document_resolve(&document, &host, out, arena);
	return 0;
}

int seccomp_profile_load(const char *path, uint64_t caps, struct oci_seccomp **out,
			 struct keg_arena *arena, struct keg_err *err)
{
	autofd int fd = open_profile(&path, err);

	if (fd < 0 && path)
		return fd;
	*out = keg_arena_alloc(arena, 1, sizeof **out);
	return load(fd, path, caps, *out, arena, err);
}

/* What a filter depends on: which file in which state, the capabilities, the kernel. */
static int key_of(int fd, const char *path, uint64_t caps, struct keg_buf *key, struct keg_err *err)
{
	struct seccomp_host host = seccomp_host_here();
	struct stat st;

	if (path && fstat(fd, &st) < 0)
		return keg_fail_sys(err, errno, "stat %s", path);
	keg_buf_printf(key, "caps %llx kernel %u.%u ", (unsigned long long)caps, host.kernel[0],
		       host.kernel[1]);
	if (path)
		keg_buf_printf(key, "file %llx:%llx %lld %lld.%09ld %lld.%09ld",
			       (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			       (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			       st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
			       st.st_ctim.tv_nsec);
	else
		keg_buf_puts(key, SECCOMP_DEFAULT_EDITION);
	return 0;
}

int seccomp_profile_file(const char *path, uint64_t caps, const char *cache, const char **file,
			 struct keg_arena *arena, struct keg_err *err)
{
	autofd int fd = open_profile(&path, err);
	auto(seccomp_filter) filter = { 0 };
	auto(keg_buf) key = { 0 };
	autofree char *place = NULL;
	struct oci_seccomp rules;
	struct seccomp_profile profile;
	int r = fd < 0 && path ? fd : key_of(fd, path, caps, &key, err);

	if (r < 0)
		return r;
	if (!seccomp_filter_place(cache, key.data, key.len, &place)) {
		r = load(fd, path, caps, &rules, arena, err);
		if (r < 0)
			return r;
		seccomp_profile_from_config(&rules, &profile, arena);
		r = seccomp_filter_compile(&profile, &filter, err);
		if (r < 0 || filter.notify)
			return r < 0 ? r : 0;
		seccomp_filter_keep(cache, key.data, key.len, &filter);
		if (!seccomp_filter_place(cache, key.data, key.len, &place))
			return 0;
	}
	*file = keg_arena_strdup(arena, place);
	return 1;
}
