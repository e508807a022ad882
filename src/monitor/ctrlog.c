/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/ctrlog.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"

enum driver { DRIVER_FILE, DRIVER_JOURNAL, DRIVER_NONE, DRIVER_PASSTHROUGH };

static const struct {
	const char *name;
	enum driver driver;
} drivers[] = {
	{ "k8s-file", DRIVER_FILE },
	{ "json-file", DRIVER_FILE }, /* the peers' alias: the form is k8s-file's */
	{ "journald", DRIVER_JOURNAL },
	{ "none", DRIVER_NONE },
	{ "null", DRIVER_NONE },
	{ "off", DRIVER_NONE },
	{ "passthrough", DRIVER_PASSTHROUGH },
	{ "passthrough-tty", DRIVER_PASSTHROUGH },
};

static bool find_driver(const char *name, size_t len, enum driver *out)
{
	for (size_t i = 0; i < KEG_COUNT(drivers); i++) {
		if (strlen(drivers[i].name) == len && memcmp(drivers[i].name, name, len) == 0) {
			*out = drivers[i].driver;
			return true;
		}
	}
	return false;
}

/* "DRIVER:PATH", "DRIVER", ":PATH" or "PATH". */
static int parse_word(const char *word, enum driver *driver, const char **path, struct keg_err *err)
{
	const char *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);

	if (keg_str_eq(word, "") || keg_str_eq(word, ":"))
		return keg_fail(err, KEG_EUSAGE, "log-path must not be empty");
	*driver = DRIVER_FILE;
	*path = colon ? colon + 1 : NULL;
	if (len && !find_driver(word, len, driver)) {
		if (colon)
			return keg_fail(err, KEG_EUSAGE, "No such log driver %.*s", (int)len, word);
		*path = word;
	}
	if (*driver == DRIVER_FILE && keg_str_empty(*path))
		return keg_fail(err, KEG_EUSAGE, "%.*s requires a filename", (int)len, word);
	return 0;
}

/* Is the log's folder one of --log-allowlist-dir, or below one? */
static int check_allowed(const struct monitor_options *opt, const char *path, struct keg_err *err)
{
	autofree char *dir = keg_path_dir(path);
	autofree char *real = realpath(dir, NULL);

	for (size_t i = 0; real && i < opt->log_dirs.n; i++) {
		autofree char *allowed = realpath(opt->log_dirs.v[i], NULL);
		const char *rest = allowed ? keg_str_after(real, allowed) : NULL;

		if (rest && (*rest == '\0' || *rest == '/' || keg_str_eq(allowed, "/")))
			return 0;
	}
	if (!opt->log_dirs.n)
		return 0;
	return keg_fail(err, KEG_EDENIED, "log file %s is in none of the folders allowed", path);
}

static int open_file(struct ctrlog *log, const struct monitor_options *opt, const char *path,
		     struct keg_err *err)
{
	if (log->file.fd >= 0)
		return keg_fail(err, KEG_EUSAGE, "more than one log file: %s", path);
	if (opt->log_tag)
		return keg_fail(err, KEG_EUSAGE, "k8s-file doesn't support --log-tag");
	if (opt->log_labels.n)
		return keg_fail(err, KEG_EUSAGE, "k8s-file doesn't support --log-label");
	if (check_allowed(opt, path, err) < 0)
		return -(int)err->code;
	log->file.size_max = opt->log_size_max;
	log->file.total_max = opt->log_global_size_max;
	log->file.backups = opt->log_rotate ? (int)opt->log_max_files : 0;
	return logfile_open(&log->file, path, err);
}

static int open_word(struct ctrlog *log, const struct monitor_options *opt, const char *word,
		     struct keg_err *err)
{
	enum driver driver = DRIVER_NONE;
	const char *path = NULL;

	if (parse_word(word, &driver, &path, err) < 0)
		return -(int)err->code;
	switch (driver) {
	case DRIVER_FILE:
		return open_file(log, opt, path, err);
	case DRIVER_JOURNAL:
		return log->journal.fd < 0 ? journal_open(&log->journal, opt, err) : 0;
	case DRIVER_PASSTHROUGH:
		log->passthrough = true;
		return 0;
	case DRIVER_NONE:
		break;
	}
	return 0;
}

int ctrlog_open(struct ctrlog *log, const struct monitor_options *opt, struct monitor_space *space,
		struct keg_err *err)
{
	*log = (struct ctrlog){ .space = space, .file = { .fd = -1, .dirfd = -1 } };
	log->journal.fd = -1;
	for (size_t i = 0; i < opt->log_paths.n; i++) {
		if (open_word(log, opt, opt->log_paths.v[i], err) < 0)
			return -(int)err->code;
	}
	if (log->passthrough && opt->terminal)
		return keg_fail(err, KEG_EUSAGE, "passthrough does not go with --terminal");
	if (opt->no_partial_message && log->journal.fd < 0)
		keg_warn(
			"--no-container-partial-message has no effect without journald log driver");
	return 0;
}

void ctrlog_write(struct ctrlog *log, enum monitor_stream stream, const char *data, size_t len)
{
	logfile_write(&log->file, log->space, stream, data, len);
	journal_write(&log->journal, stream, data, len);
}
