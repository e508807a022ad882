/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the fifos that anyone who may open them writes. */
#include <stdlib.h>

#include "base/mem.h"
#include "monitor/ctl.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	autofree char *line = keg_strndup((const char *)data, size);
	struct ctl_request request;

	for (int bare = 0; bare < 2; bare++) {
		if (ctl_parse(line, bare, &request) &&
		    (request.height > CTL_SIDE_MAX || request.width > CTL_SIDE_MAX))
			abort();
	}
	return 0;
}
