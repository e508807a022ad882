/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload_window.h - the last bytes of a stream that is being sent, kept so that they can be sent
 * again: what a connection that broke took with it is less than the buffers on the way hold. They
 * are in a file without a name, of which only the part in use takes space.
 */
#ifndef KEG_REGISTRY_UPLOAD_WINDOW_H
#define KEG_REGISTRY_UPLOAD_WINDOW_H

#include "registry/upload.h"

enum { UPLOAD_WINDOW_BYTES = 64 << 20 };

struct upload_window;

/*
 * `from` (borrowed, like `dir` only while in use) is read in order and need not know seek().
 * Where `dir` takes no file, nothing is kept.
 */
struct upload_window *upload_window_new(const struct registry_source *from, const char *dir);
void upload_window_free(struct upload_window *window);
KEG_AUTOPTR(upload_window, upload_window_free)

/* The same bytes, with a seek() that reaches back as far as the window does. */
void upload_window_source(struct upload_window *window, struct registry_source *out);

#endif
