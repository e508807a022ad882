/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/alias_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/toml.h"

enum { MAX_CACHE_BYTES = 4 << 20 };

#define CACHE_NAME "containers/short-name-aliases.conf"

char *alias_cache_path(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	/* Root of a user namespace that an engine made is still the ordinary user. */
	if (geteuid() == 0 && !getenv("_CONTAINERS_USERNS_CONFIGURED"))
		return keg_strdup("/var/cache/" CACHE_NAME);
	if (!keg_str_empty(cache))
		return keg_path_join(cache, CACHE_NAME);
	return keg_printf("%s/.cache/" CACHE_NAME, keg_str_empty(home) ? "" : home);
}

/* The [aliases] table; NULL when there is no file yet. The caller puts *tree. */
static int read_cache(const char *path, struct json_object **tree, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	int r = keg_file_read(AT_FDCWD, path, MAX_CACHE_BYTES, &text, err);
	if (r == -KEG_ENOTFOUND)
		return 0;
	if (r >= 0)
		r = keg_toml_parse(keg_buf_text(&text), text.len, tree, err);
	return r < 0 ? keg_wrap(err, "reading short-name aliases %s", path) : 0;
}

int alias_cache_find(const char *name, char **out, struct keg_err *err)
{
	autofree char *path = alias_cache_path();
	autojson tree = NULL;

	int r = read_cache(path, &tree, err);
	if (r < 0)
		return r;
	const char *full = keg_json_str(keg_json_get(tree, "aliases"), name, "");
	*out = *full ? keg_strdup(full) : NULL;
	return 0;
}

static void add_line(struct keg_buf *out, const char *name, const char *full)
{
	keg_buf_printf(out, "  \"%s\" = \"%s\"\n", name, full);
}

static int rewrite(const char *path, const char *name, const char *full, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson tree = NULL;

	int r = read_cache(path, &tree, err);
	if (r < 0)
		return r;
	struct json_object *aliases = keg_json_get(tree, "aliases");
	keg_buf_puts(&text, "[aliases]\n");
	if (aliases && json_object_is_type(aliases, json_type_object)) {
		json_object_object_foreach(aliases, old, value)
		{
			if (!keg_str_eq(old, name))
				add_line(&text, old, json_object_get_string(value));
		}
	}
	add_line(&text, name, full);
	return keg_file_write(AT_FDCWD, path, text.data, text.len, 0600, 0, err);
}

int alias_cache_record(const char *name, const char *full, struct keg_err *err)
{
	autofree char *path = alias_cache_path();
	autofree char *dir = keg_path_dir(path);
	autofree char *lock_path = keg_printf("%s.lock", path);

	int r = keg_mkdirs(AT_FDCWD, dir, 0700, err);
	if (r < 0)
		return r;
	autofd int lock = keg_open_at(AT_FDCWD, lock_path, O_RDWR | O_CREAT, 0600, err);
	if (lock < 0)
		return lock;
	r = keg_lock_record(lock, KEG_LOCK_EXCLUSIVE, err);
	return r < 0 ? r : rewrite(path, name, full, err);
}
