/* SPDX-License-Identifier: Apache-2.0 */
/* auth.json and .dockercfg: what is found in them, and that an edit leaves a file that reads. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/auth_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char home[] = "/dev/shm/keg-fuzz-XXXXXX";

static void remove_home(void)
{
	struct keg_err ignored;

	if (keg_remove_tree(AT_FDCWD, home, &ignored) < 0)
		abort();
}

/* A home with .dockercfg, which is auth.json too; and no credential helper on the path. */
static void make_home(void)
{
	if (!mkdtemp(home) || atexit(remove_home) != 0 || setenv("HOME", home, 1) < 0 ||
	    setenv("PATH", home, 1) < 0 || setenv("XDG_RUNTIME_DIR", "/nonexistent", 1) < 0 ||
	    unsetenv("XDG_CONFIG_HOME") < 0 || unsetenv("REGISTRY_AUTH_FILE") < 0 ||
	    unsetenv("DOCKER_CONFIG") < 0)
		abort();

	autofree char *link = keg_path_join(home, "auth.json");
	if (symlink(".dockercfg", link) < 0)
		abort();
}

static int find(const char *authfile, const char *repo)
{
	auto(registry_creds) creds = { 0 };
	struct keg_err err;

	int r = registry_auth_find(authfile, NULL, repo, &creds, &err);
	if (r > 0 && !creds.identity_token && (!creds.username || !creds.password))
		abort();
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;
	struct keg_err err;

	if (!made)
		make_home();
	made = true;

	autofree char *old = keg_path_join(home, ".dockercfg");
	autofree char *path = keg_path_join(home, "auth.json");
	if (keg_file_write(AT_FDCWD, old, data, size, 0600, 0, &err) < 0)
		abort();
	int found = find(path, "q.io/a/b");
	find(path, "docker.io/library/a");
	find(NULL, "q.io/a/b");

	const struct auth_keeper keeper = { .authfile = path };
	char user[] = "u", password[] = "p";
	const struct registry_creds creds = { .username = user, .password = password };
	autofree char *place = NULL;
	(void)!registry_auth_erase(&keeper, "q.io/a", &err);
	if (found >= 0 && find(path, "q.io/a/b") == -KEG_ECORRUPT)
		abort();
	if (registry_auth_store(&keeper, "q.io/a/b", &creds, &place, &err) >= 0 &&
	    find(path, "q.io/a/b") == 0) /* a helper of the host comes first, and is not there */
		abort();
	return 0;
}
