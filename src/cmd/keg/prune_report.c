/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/prune_report.h"

#include <stdio.h>

#include "cli/prompt.h"

int prune_confirm(const char *warning, struct keg_err *err)
{
	autofree char *answer = NULL;

	fputs(warning, stdout);
	int r = cli_prompt_line(stdout, "Are you sure you want to continue? [y/N] ", &answer, err);
	if (r < 0)
		return keg_hint(err, "--force asks nothing");
	return *answer == 'y' || *answer == 'Y';
}

void prune_print(const struct prune_result *result, const char *heading)
{
	if (heading && result->removed.n > 0)
		puts(heading);
	for (size_t i = 0; i < result->removed.n; i++)
		puts(result->removed.v[i]);
	for (size_t i = 0; i < result->errors.n; i++)
		fprintf(stderr, "Error: %s\n", result->errors.v[i]);
}
