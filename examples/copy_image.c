/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_image - copy an image from one place to another and print its digest.
 *
 *     cc -o copy_image copy_image.c $(pkg-config --cflags --libs libkeg)
 *     ./copy_image docker://docker.io/library/debian:12 oci:debian:12
 */
#include <keg/image.h>
#include <stdio.h>

static void say(void *data, const char *text)
{
	fprintf(data, "%s\n", text);
}

int main(int argc, char **argv)
{
	struct keg_image_copy_options options = KEG_IMAGE_COPY_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;
	char *digest = NULL;

	if (argc != 3) {
		fprintf(stderr, "usage: copy_image SOURCE DESTINATION\n");
		return 2;
	}
	options.flags = KEG_IMAGE_ALL;
	options.log = say;
	options.data = stderr;
	int r = keg_image_copy(argv[1], argv[2], &options, &digest, &err);
	if (r < 0)
		fprintf(stderr, "copy_image: %s\n", keg_runtime_error_message(err));
	else
		printf("%s\n", digest);
	keg_runtime_release(digest);
	keg_runtime_error_free(err);
	return r < 0;
}
