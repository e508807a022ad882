/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime_call.h - the operations of the runtime on a container: by library call where ours is
 * used, by command line where the container was made with a foreign one.
 */
#ifndef KEG_ENGINE_RUNTIME_CALL_H
#define KEG_ENGINE_RUNTIME_CALL_H

#include "engine/container.h"
#include "runtime/runtime.h"

/* The folder of the runtime's own state; lives in c->arena. */
const char *runtime_call_root(struct container *c);
/* For library calls on this container. */
struct runtime_context runtime_call_context(struct container *c);

int runtime_call_start(struct container *c, struct keg_err *err) KEG_MUST_CHECK;
/* `all`: every process. One that has ended already is KEG_ENOTFOUND. */
int runtime_call_kill(struct container *c, int sig, bool all, struct keg_err *err) KEG_MUST_CHECK;
/* Forced; what is gone already is fine. */
int runtime_call_delete(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/* Give a foreign runtime's message the code that it stands for (command not found and so on). */
int runtime_call_classify(struct keg_err *err, const char *message);

/*
 * What a foreign runtime said in its log (--log-format json), classified: the last of lines
 * like {"level": "error", "msg": ...} in a file of the run folder. 0 when there is none.
 */
int runtime_call_read_log(struct container *c, const char *file, struct keg_err *err);

#endif
