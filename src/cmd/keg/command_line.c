/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/command_line.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"

int command_line_read(struct keg_strv *argv, struct keg_err *err)
{
	enum { MOST = 8 << 20 };
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, "/proc/self/cmdline", MOST, &text, err);

	for (size_t at = 0; r >= 0 && at < text.len; at += strlen(text.data + at) + 1)
		keg_strv_add(argv, text.data + at);
	return r;
}
