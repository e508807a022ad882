/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target without a fuzzer: each file of the corpus folder named, once. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BYTES = 64 << 20 };

int main(int argc, char **argv)
{
	struct keg_err err = { 0 };
	size_t n = 0;

	if (argc != 2)
		return 2;

	autodir dir = opendir(argv[1]);
	if (!dir) {
		fprintf(stderr, "no corpus at %s\n", argv[1]);
		return 1;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		auto(keg_buf) input = { 0 };

		if (entry->d_name[0] == '.')
			continue;
		if (keg_file_read(dirfd(dir), entry->d_name, MOST_BYTES, &input, &err) < 0) {
			keg_err_print(&err, stderr);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)keg_buf_text(&input), input.len);
		n++;
	}
	printf("%zu inputs\n", n);
	return n ? 0 : 1; /* an empty corpus proves nothing */
}
