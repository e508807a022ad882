/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - a JSON value printed as block-style YAML, the way `info` shows it. */
#ifndef KEG_CLI_YAML_H
#define KEG_CLI_YAML_H

#include <json-c/json.h>

#include "base/buf.h"

/* Two spaces a level, text quoted only where YAML 1.1 would read it otherwise; appended. */
void cli_yaml_print(struct json_object *value, struct keg_buf *out);

#endif
