/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/listeners.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

unsigned listeners_count(void)
{
	const char *text = getenv("LISTEN_FDS");
	struct keg_err ignored;
	uint32_t n = 0;

	if (!text || keg_parse_u32(text, &n, &ignored) < 0 || n > UINT16_MAX)
		return 0;
	return n;
}

void listeners_announce(unsigned n, struct oci_process *process, struct keg_arena *arena)
{
	const char **env = keg_arena_alloc(arena, process->n_env + 2, sizeof *env);

	if (process->n_env)
		memcpy(env, process->env, process->n_env * sizeof *env);
	env[process->n_env++] = keg_arena_printf(arena, "LISTEN_FDS=%u", n);
	env[process->n_env++] = "LISTEN_PID=1";
	process->env = env;
}
