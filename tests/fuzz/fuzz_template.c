/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/json.h"
#include "cli/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char json[] = "{\"A\":[1,2,{\"B\":\"x\"}],\"C\":\"text\",\"D\":{\"e\":null}}";
	autofree char *text = keg_strndup((const char *)data, size);
	autoptr(cli_template) t = NULL;
	auto(keg_buf) out = { 0 };
	autojson value = NULL;
	struct keg_err err;

	if (keg_json_parse(json, sizeof json - 1, &value, &err) >= 0 &&
	    cli_template_parse("fuzz", text, &t, &err) >= 0 &&
	    cli_template_run(t, value, &out, &err) < 0)
		return 0;
	return 0;
}
