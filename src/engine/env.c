/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/env.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { MAX_ENV_FILE = 4 << 20 };

int env_put(struct keg_strv *env, const char *text, struct keg_err *err)
{
	const char *equals = strchr(text, '=');
	size_t len = strlen(text);

	if (equals == text || *text == '\0')
		return keg_fail(err, KEG_EUSAGE, "invalid environment variable: \"%s\"", text);
	if (equals) {
		keg_env_put(env, text);
	} else if (text[len - 1] == '*') {
		for (char **at = environ; *at; at++) {
			if (strncmp(*at, text, len - 1) == 0)
				keg_env_put(env, *at);
		}
	} else if (getenv(text)) {
		keg_env_set(env, text, getenv(text));
	}
	return 0;
}

int env_put_file(struct keg_strv *env, const char *path, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, path, MAX_ENV_FILE, &text, err);

	if (r < 0)
		return keg_wrap(err, "parsing env file \"%s\"", path);
	char *at = text.len ? text.data : NULL;
	for (char *line; r >= 0 && (line = strsep(&at, "\n")) != NULL;) {
		line += strspn(line, " \t");
		size_t len = strlen(line);
		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (*line && *line != '#')
			r = env_put(env, line, err);
	}
	return r < 0 ? keg_wrap(err, "parsing env file \"%s\"", path) : 0;
}
