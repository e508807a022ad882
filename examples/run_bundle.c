/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_bundle - run a bundle and exit as its command does.
 *
 *     cc -o run_bundle run_bundle.c $(pkg-config --cflags --libs libkeg)
 *     ./run_bundle /path/to/bundle name
 */
#include <keg/runtime.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct keg_runtime_create_options options = KEG_RUNTIME_CREATE_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;
	struct keg_runtime *rt = NULL;

	if (argc != 3) {
		fprintf(stderr, "usage: run_bundle BUNDLE NAME\n");
		return 2;
	}
	options.bundle = argv[1];
	int status = keg_runtime_new(NULL, &rt, &err);
	if (status >= 0)
		status = keg_runtime_run(rt, argv[2], &options, &err);
	if (status < 0) {
		fprintf(stderr, "run_bundle: %s\n", keg_runtime_error_message(err));
		keg_runtime_error_free(err);
	}
	keg_runtime_free(rt);
	return status < 0 ? 125 : status;
}
