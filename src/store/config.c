/* SPDX-License-Identifier: Apache-2.0 */
#include "store/config.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/config_file.h"
#include "store/driver.h"

static const char system_file[] = "/etc/containers/storage.conf";
static const char vendor_file[] = "/usr/share/containers/storage.conf";

/* --- what it says -------------------------------------------------------------------------- */

static void replace(char **slot, char *text)
{
	free(*slot);
	*slot = text;
}

/* $UID, $HOME and other variables, as the peers expand them in paths. */
static char *expand(const char *path, unsigned uid)
{
	auto(keg_buf) out = { 0 };

	for (const char *c = path; *c; c++) {
		if (*c != '$') {
			keg_buf_putc(&out, *c);
			continue;
		}
		bool braced = c[1] == '{';
		const char *from = c + 1 + braced;
		size_t len = strspn(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					  "0123456789_");
		autofree char *name = keg_strndup(from, len);

		if (strcmp(name, "UID") == 0)
			keg_buf_printf(&out, "%u", uid);
		else if (getenv(name))
			keg_buf_puts(&out, getenv(name));
		c = from + len - !(braced && from[len] == '}');
	}
	return keg_buf_take(&out);
}

static char *make_absolute(const char *path)
{
	if (*path == '/')
		return keg_path_clean(path);

	autofree char *here = getcwd(NULL, 0);
	autofree char *joined = keg_path_join(here ? here : "/", path);
	return keg_path_clean(joined);
}

/* Before a driver was chosen: does anybody name this one so far? */
static bool is_vfs(const struct store_config *config)
{
	return keg_str_eq(config->driver, "vfs");
}

static void add_option(struct store_config *config, const char *name, const char *value)
{
	const char *driver = is_vfs(config) ? "vfs" : "overlay";

	if (!keg_str_empty(value))
		keg_strv_addf(&config->driver_options, "%s.%s=%s", driver, name, value);
}

static const char *prefer(const char *first, const char *second)
{
	return keg_str_empty(first) ? second : first;
}

static void take_driver_options(struct store_config *config, const struct options_table *table)
{
	static const struct driver_table none;
	const struct driver_table *chosen = is_vfs(config) ? table->vfs : table->overlay;
	const struct driver_table *own = chosen ? chosen : &none;
	const struct driver_table *any = &table->general;

	for (size_t i = 0; i < table->n_image_stores; i++)
		add_option(config, "imagestore", table->image_stores[i]);
	for (size_t i = 0; i < table->n_layer_stores; i++)
		add_option(config, "additionallayerstore", table->layer_stores[i]);
	add_option(config, "ignore_chown_errors",
		   prefer(own->ignore_chown_errors, any->ignore_chown_errors));
	add_option(config, "sync", prefer(own->sync, any->sync));
	if (is_vfs(config)) /* the rest is overlay's */
		return;
	add_option(config, "force_mask", prefer(own->force_mask, any->force_mask));
	add_option(config, "mount_program", prefer(own->mount_program, any->mount_program));
	add_option(config, "mountopt", prefer(own->mountopt, any->mountopt));
	add_option(config, "size", prefer(own->size, any->size));
	add_option(config, "inodes", prefer(own->inodes, any->inodes));
	add_option(config, "skip_mount_home", prefer(own->skip_mount_home, any->skip_mount_home));
	add_option(config, "use_composefs", prefer(own->use_composefs, any->use_composefs));
}

static bool says_true(struct json_object *value)
{
	return value && (json_object_is_type(value, json_type_boolean)
				 ? json_object_get_boolean(value)
				 : strcasecmp(json_object_get_string(value), "true") == 0);
}

/* What is not built, but would change what is kept where, or whose it is. */
static int check_file(const struct storage_table *storage, const char *file, struct keg_err *err)
{
	const struct options_table *table = storage->options;

	if (says_true(storage->transient_store))
		return keg_fail(err, KEG_EUNSUPPORTED, "%s: transient_store is not supported",
				file);
	if (table && (!keg_str_empty(table->remap_uids) || !keg_str_empty(table->remap_gids) ||
		      !keg_str_empty(table->remap_user) || !keg_str_empty(table->remap_group)))
		return keg_fail(err, KEG_EUNSUPPORTED, "%s: remapped ids are not supported", file);
	if (table && table->pull && says_true(table->pull->convert_images))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"%s: pull_options.convert_images is not supported", file);
	return 0;
}

/* The command line's driver, or the environment's: no file changes it. */
static const char *named_driver(const struct store_config_request *want)
{
	return keg_str_empty(want->driver) ? getenv("STORAGE_DRIVER") : want->driver;
}

static void take_driver(struct store_config *config, const struct storage_table *storage,
			const struct store_config_request *want)
{
	if (!keg_str_empty(storage->driver) && keg_str_empty(named_driver(want)))
		replace(&config->driver, keg_strdup(storage->driver));
	if (storage->n_driver_priority > 0) {
		keg_strv_clear(&config->driver_priority);
		keg_strv_extend(&config->driver_priority, storage->driver_priority,
				storage->n_driver_priority);
	}
}

/* All of a file, as root's, or as the user's own. */
static int take_file(struct store_config *config, const struct config_file *file, const char *path,
		     const struct store_config_request *want, struct keg_err *err)
{
	const struct storage_table *storage = file->storage;
	unsigned uid = want->uid;

	replace(&config->file, keg_strdup(path));
	if (!storage)
		return 0;
	if (!keg_str_empty(storage->imagestore))
		replace(&config->imagestore, expand(storage->imagestore, uid));
	take_driver(config, storage, want);
	if (!keg_str_empty(storage->graphroot))
		replace(&config->graphroot, expand(storage->graphroot, uid));
	if (!keg_str_empty(storage->runroot))
		replace(&config->runroot, expand(storage->runroot, uid));
	int r = check_file(storage, path, err);
	if (r < 0 || !storage->options)
		return r;
	keg_strv_clear(&config->driver_options);
	take_driver_options(config, storage->options);
	config->disable_volatile = says_true(storage->options->disable_volatile);
	if (storage->options->pull && storage->options->pull->enable_partial_images)
		config->partial_images = says_true(storage->options->pull->enable_partial_images);
	return 0;
}

/* What an ordinary user takes over from the system's file. */
static void take_system_file(struct store_config *config, const struct config_file *file,
			     const struct store_config_request *want)
{
	const struct storage_table *storage = file->storage;

	if (!storage)
		return;
	take_driver(config, storage, want);
	if (!keg_str_empty(storage->rootless_storage_path))
		replace(&config->graphroot, expand(storage->rootless_storage_path, want->uid));
	if (storage->options) {
		const struct driver_table *own = storage->options->overlay;

		add_option(config, "ignore_chown_errors",
			   prefer(own ? own->ignore_chown_errors : NULL,
				  storage->options->general.ignore_chown_errors));
	}
}

/* --- where without a file -------------------------------------------------------------------- */

static const char *home_dir(void)
{
	const char *home = getenv("HOME");

	return keg_str_empty(home) ? "/" : home;
}

static char *xdg_dir(const char *variable, const char *below_home)
{
	const char *dir = getenv(variable);

	return !keg_str_empty(dir) && *dir == '/' ? keg_strdup(dir)
						  : keg_path_join(home_dir(), below_home);
}

static char *user_runtime_dir(unsigned uid)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	autofree char *login = keg_printf("/run/user/%u", uid);
	struct stat st;

	if (!keg_str_empty(dir))
		return keg_strdup(dir);
	if (stat(login, &st) == 0 && S_ISDIR(st.st_mode) && access(login, W_OK) == 0)
		return take_ptr(&login);
	return keg_printf("/tmp/podman-run-%u", uid);
}

static void set_defaults(struct store_config *config, unsigned uid)
{
	config->partial_images = true;
	if (!config->rootless) {
		config->graphroot = keg_strdup("/var/lib/containers/storage");
		config->runroot = keg_strdup("/run/containers/storage");
		return;
	}

	autofree char *data = xdg_dir("XDG_DATA_HOME", ".local/share");
	autofree char *run = user_runtime_dir(uid);
	config->graphroot = keg_path_join(data, "containers/storage");
	config->runroot = keg_path_join(run, "containers");
}

static int read_files(struct store_config *config, const struct store_config_request *want,
		      struct keg_err *err)
{
	const char *named = getenv("CONTAINERS_STORAGE_CONF");
	const char *system = keg_str_empty(named) ? system_file : named;
	auto(keg_arena) arena = { 0 };
	struct config_file file;

	int r = store_config_file_read(system, &arena, &file, err);
	if (r == 0 && keg_str_empty(named)) {
		system = vendor_file;
		r = store_config_file_read(system, &arena, &file, err);
	}
	if (r < 0)
		return r;
	if (r > 0 && (!config->rootless || !keg_str_empty(named)))
		return take_file(config, &file, system, want, err);
	if (!config->rootless || !keg_str_empty(named))
		return 0;
	if (r > 0)
		take_system_file(config, &file, want);

	autofree char *dir = xdg_dir("XDG_CONFIG_HOME", ".config");
	autofree char *own = keg_path_join(dir, "containers/storage.conf");
	r = store_config_file_read(own, &arena, &file, err);
	return r > 0 ? take_file(config, &file, own, want, err) : r;
}

/* --- driver options ----------------------------------------------------------------------------
 */

enum option_kind {
	OPTION_TEXT,
	OPTION_BOOL,
	OPTION_LIST,
	OPTION_SYNC, /* "none" or "filesystem" */
	OPTION_IGNORED,
	OPTION_REFUSED
};

static const struct {
	const char *name;
	enum option_kind kind;
	size_t at;
	bool vfs; /* an option of the vfs driver, too */
} options_known[] = {
	{ "mountopt", OPTION_TEXT, offsetof(struct store_config, mountopt) },
	{ "mount_program", OPTION_TEXT, offsetof(struct store_config, mount_program) },
	{ "ignore_chown_errors", OPTION_BOOL, offsetof(struct store_config, ignore_chown_errors),
	  true },
	{ "sync", OPTION_SYNC, offsetof(struct store_config, sync), true },
	{ "imagestore", OPTION_LIST, offsetof(struct store_config, image_stores), true },
	{ "additionalimagestore", OPTION_LIST, offsetof(struct store_config, image_stores), true },
	{ .name = "override_kernel_check", OPTION_IGNORED },
	{ .name = "skip_mount_home", OPTION_IGNORED }, /* ours is never mounted anyway */
	{ .name = "size", OPTION_REFUSED },
	{ .name = "inodes", OPTION_REFUSED },
	{ .name = "force_mask", OPTION_REFUSED },
	{ .name = "layerstore", OPTION_REFUSED },
	{ .name = "additionallayerstore", OPTION_REFUSED },
	{ .name = "use_composefs", OPTION_REFUSED },
};

static int apply_option(struct store_config *config, enum option_kind kind, void *field,
			const char *option, const char *value, struct keg_err *err)
{
	switch (kind) {
	case OPTION_TEXT:
		replace(field, keg_strdup(value));
		return 0;
	case OPTION_BOOL:
		*(bool *)field = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
		return 0;
	case OPTION_SYNC:
		if (strcmp(value, "none") != 0 && strcmp(value, "filesystem") != 0)
			return keg_fail(err, KEG_EUSAGE,
					"storage option %s: must be none or filesystem", option);
		*(bool *)field = strcmp(value, "filesystem") == 0;
		return 0;
	case OPTION_LIST: {
		auto(keg_strv) paths = { 0 };

		keg_strv_split(&paths, value, ',');
		for (size_t i = 0; i < paths.n; i++) {
			if (*paths.v[i])
				keg_strv_take(&config->image_stores, make_absolute(paths.v[i]));
		}
		return 0;
	}
	case OPTION_IGNORED:
		return 0;
	case OPTION_REFUSED:
		if (strcmp(value, "false") == 0)
			return 0;
		return keg_fail(err, KEG_EUNSUPPORTED, "storage option %s is not supported",
				option);
	}
	keg_bug("option kind");
}

/* Named for another driver than ours; overlay is called overlay2, too. */
static bool is_of_other(const struct store_config *config, const char *option, const char *dot)
{
	size_t len = (size_t)(dot - option);

	if (is_vfs(config))
		return len != strlen("vfs") || strncmp(option, "vfs", len) != 0;
	return strncmp(option, "overlay", strlen("overlay")) != 0;
}

/* "overlay.name=value"; the driver may be left out. */
static int parse_option(struct store_config *config, const char *option, struct keg_err *err)
{
	const char *equals = strchr(option, '=');
	const char *dot = strchr(option, '.');
	const char *name = dot && equals && dot < equals ? dot + 1 : option;

	if (!equals)
		return keg_fail(err, KEG_EUSAGE, "storage option %s: no value", option);
	if (name != option && dot != option && is_of_other(config, option, dot))
		return 0;
	for (size_t i = 0; i < KEG_COUNT(options_known); i++) {
		size_t len = strlen(options_known[i].name);

		if ((size_t)(equals - name) != len ||
		    strncmp(name, options_known[i].name, len) != 0)
			continue;
		if (is_vfs(config) && !options_known[i].vfs)
			return keg_fail(err, KEG_EUNSUPPORTED,
					"storage option %s: the vfs driver has no such option",
					option);
		return apply_option(config, options_known[i].kind,
				    (char *)config + options_known[i].at, option, equals + 1, err);
	}
	return keg_fail(err, KEG_EUSAGE, "unknown storage option %s", option);
}

static void collect_options(struct store_config *config, const struct store_config_request *want)
{
	const char *from_env = getenv("STORAGE_OPTS");

	if (want->graphroot)
		keg_strv_clear(&config->driver_options);
	if (!keg_str_empty(from_env)) {
		keg_strv_clear(&config->driver_options);
		keg_strv_split(&config->driver_options, from_env, ',');
	}
	if (want->n_options == 0)
		return;
	keg_strv_clear(&config->driver_options);
	for (size_t i = 0; i < want->n_options; i++) {
		if (*want->options[i])
			keg_strv_add(&config->driver_options, want->options[i]);
	}
}

/* One that is the graph root is none. */
static void set_imagestore(struct store_config *config)
{
	autofree char *path =
		keg_str_empty(config->imagestore) ? NULL : make_absolute(config->imagestore);

	replace(&config->imagestore, keg_str_eq(path, config->graphroot) ? NULL : take_ptr(&path));
}

static int choose_driver(struct store_config *config, struct keg_err *err)
{
	const struct driver_request want = {
		.named = config->driver,
		.priority = &config->driver_priority,
		.graphroot = config->imagestore ? config->imagestore : config->graphroot,
		.rootless = config->rootless,
	};
	char *driver;
	int r = driver_choose(&want, &driver, err);

	if (r >= 0)
		replace(&config->driver, driver);
	return r;
}

int store_config_load(const struct store_config_request *want, struct store_config *out,
		      struct keg_err *err)
{
	auto(store_config) config = { .rootless = want->rootless };
	if (!keg_str_empty(named_driver(want)))
		config.driver = keg_strdup(named_driver(want));
	set_defaults(&config, want->uid);
	int r = read_files(&config, want, err);
	if (r < 0)
		return r;

	if (!keg_str_empty(want->graphroot))
		replace(&config.graphroot, keg_strdup(want->graphroot));
	if (!keg_str_empty(want->runroot))
		replace(&config.runroot, keg_strdup(want->runroot));
	replace(&config.graphroot, make_absolute(config.graphroot));
	replace(&config.runroot, make_absolute(config.runroot));
	if (want->imagestore)
		replace(&config.imagestore, keg_strdup(want->imagestore));
	set_imagestore(&config);
	r = choose_driver(&config, err);
	if (r < 0)
		return r;

	collect_options(&config, want);
	for (size_t i = 0; i < config.driver_options.n; i++) {
		r = parse_option(&config, config.driver_options.v[i], err);
		if (r < 0)
			return r;
	}
	*out = config;
	config = (struct store_config){ 0 };
	return 0;
}

void store_config_copy(struct store_config *out, const struct store_config *from)
{
	*out = (struct store_config){
		.graphroot = keg_strdup(from->graphroot),
		.runroot = keg_strdup(from->runroot),
		.imagestore = from->imagestore ? keg_strdup(from->imagestore) : NULL,
		.driver = keg_strdup(from->driver),
		.file = keg_strdup(from->file),
		.rootless = from->rootless,
		.mountopt = keg_strdup(from->mountopt),
		.mount_program = keg_strdup(from->mount_program),
		.ignore_chown_errors = from->ignore_chown_errors,
		.disable_volatile = from->disable_volatile,
		.sync = from->sync,
		.partial_images = from->partial_images,
	};
	keg_strv_extend(&out->image_stores, (const char *const *)from->image_stores.v,
			from->image_stores.n);
	keg_strv_extend(&out->driver_options, (const char *const *)from->driver_options.v,
			from->driver_options.n);
}

void store_config_done(struct store_config *config)
{
	free(config->graphroot);
	free(config->runroot);
	free(config->imagestore);
	free(config->driver);
	free(config->file);
	free(config->mountopt);
	free(config->mount_program);
	keg_strv_done(&config->image_stores);
	keg_strv_done(&config->driver_options);
	keg_strv_done(&config->driver_priority);
	*config = (struct store_config){ 0 };
}
