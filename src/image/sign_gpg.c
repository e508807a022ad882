/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpg talks in two languages: sentences for people, which are only ever shown, and status
 * lines (doc/DETAILS in its sources), which alone decide. They come on a descriptor of their own,
 * so that no name in a key can look like one. All streams are files in memory: nothing blocks.
 */
#include "image/sign_gpg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "image/spill.h"

#define STATUS_PREFIX "[GNUPG:] "

enum {
	GPG_SAYS_MAX = 1 << 20,
	GPG_TEXT_MAX = 1 << 20, /* of a payload; gpg stops there, whatever a message unfolds to */
};

struct gpg_keyring {
	char *home;
	struct keg_strv keys;
};

struct gpg_call {
	struct keg_strv argv;
	int in, out, says, status;
	struct keg_strv lines; /* of the status, without the prefix */
};

static void gpg_call_done(struct gpg_call *call)
{
	const int fds[] = { call->in, call->out, call->says, call->status };

	for (size_t i = 0; i < KEG_COUNT(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	keg_strv_done(&call->argv);
	keg_strv_done(&call->lines);
}
KEG_AUTO(gpg_call, gpg_call_done)

/* A file in memory that holds the text; at its beginning. */
static int memory_file(const void *text, size_t len, struct keg_err *err)
{
	autofd int fd = memfd_create("gpg", MFD_CLOEXEC);

	if (fd < 0)
		return keg_fail_sys(err, errno, "memfd_create");
	int r = len ? keg_write_all(fd, text, len, err) : 0;
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "seek");
	return take_fd(&fd);
}

static int gpg_call_init(struct gpg_call *call, const char *home, const struct keg_buf *input,
			 struct keg_err *err)
{
	*call = (struct gpg_call){ .in = -1, .out = -1, .says = -1, .status = -1 };
	call->in = memory_file(keg_buf_text(input), input->len, err);
	if (call->in >= 0)
		call->out = memory_file(NULL, 0, err);
	if (call->out >= 0)
		call->says = memory_file(NULL, 0, err);
	if (call->says >= 0)
		call->status = memory_file(NULL, 0, err);
	if (call->status < 0)
		return -(int)err->code;
	keg_strv_add(&call->argv, "gpg");
	if (home) {
		/* Its own keys, nobody's settings, no network, no helpers. */
		keg_strv_addf(&call->argv, "--homedir=%s", home);
		keg_strv_add(&call->argv, "--no-options");
		keg_strv_add(&call->argv, "--no-autostart");
		keg_strv_add(&call->argv, "--trust-model=always");
	}
	keg_strv_add(&call->argv, "--batch");
	keg_strv_add(&call->argv, "--no-auto-key-retrieve");
	keg_strv_addf(&call->argv, "--max-output=%d", GPG_TEXT_MAX);
	keg_strv_addf(&call->argv, "--status-fd=%d", call->status);
	return 0;
}

static int read_back(int fd, struct keg_buf *out, struct keg_err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "seek");
	return keg_fd_read_all(fd, GPG_SAYS_MAX, out, err);
}

static int take_status(struct gpg_call *call, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	auto(keg_strv) lines = { 0 };

	int r = read_back(call->status, &text, err);
	keg_strv_split(&lines, keg_buf_text(&text), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = keg_str_after(lines.v[i], STATUS_PREFIX);
		if (line)
			keg_strv_add(&call->lines, line);
	}
	return r;
}

/* Run it; the exit status, whatever it is. `also` (-1: none) is a further descriptor for it. */
static int gpg_run(struct gpg_call *call, int also, struct keg_err *err)
{
	const int keep[] = { call->status, also };
	const struct keg_spawn what = { .argv = (const char *const *)call->argv.v,
					.in = call->in,
					.out = call->out,
					.errfd = call->says,
					.keep = keep,
					.n_keep = also < 0 ? 1 : 2 };

	autofd int pidfd = keg_spawn(&what, NULL, err);
	if (pidfd == -KEG_ENOTFOUND)
		keg_hint(err, "OpenPGP signatures need the program gpg (Debian: package gpg)");
	if (pidfd < 0)
		return pidfd;
	int status = keg_spawn_wait(pidfd, err);
	if (status < 0)
		return status;
	int r = take_status(call, err);
	return r < 0 ? r : status;
}

/* The last sentence for people, without "gpg: "; "" when there is none. The caller frees. */
static char *last_words(const struct gpg_call *call)
{
	auto(keg_buf) text = { 0 };
	auto(keg_strv) lines = { 0 };
	struct keg_err ignored;
	const char *last = "";

	if (read_back(call->says, &text, &ignored) >= 0)
		keg_strv_split(&lines, keg_buf_text(&text), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		if (*lines.v[i])
			last = lines.v[i];
	}
	const char *plain = keg_str_after(last, "gpg: ");
	return keg_strdup(plain ? plain : last);
}

/* What follows the keyword of a status line, when it is that one. */
static const char *status_args(const char *line, const char *keyword)
{
	const char *rest = keg_str_after(line, keyword);

	if (!rest || (*rest != ' ' && *rest != '\0'))
		return NULL;
	return *rest ? rest + 1 : rest;
}

static size_t count_status(const struct gpg_call *call, const char *keyword)
{
	size_t n = 0;

	for (size_t i = 0; i < call->lines.n; i++)
		n += status_args(call->lines.v[i], keyword) != NULL;
	return n;
}

static int import(struct gpg_keyring *ring, const struct keg_buf *keys, struct keg_err *err)
{
	auto(gpg_call) call;

	int r = gpg_call_init(&call, ring->home, keys, err);
	if (r < 0)
		return r;
	keg_strv_add(&call.argv, "--import");
	r = gpg_run(&call, -1, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < call.lines.n; i++) {
		const char *args = status_args(call.lines.v[i], "IMPORT_OK");
		const char *key = args ? strchr(args, ' ') : NULL;
		if (key)
			keg_strv_add(&ring->keys, key + 1);
	}
	return 0;
}

int gpg_keyring_open(const struct keg_buf *keys, size_t n, struct gpg_keyring **out,
		     struct keg_err *err)
{
	autofree char *home = NULL;
	int r = image_tmp_folder(NULL, "gpg", &home, err);

	if (r < 0)
		return r;
	autoptr(gpg_keyring) ring = keg_alloc(1, sizeof *ring);
	ring->home = take_ptr(&home);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = import(ring, &keys[i], err);
	if (r < 0)
		return r;
	*out = take_ptr(&ring);
	return 0;
}

const struct keg_strv *gpg_keyring_keys(const struct gpg_keyring *ring)
{
	return &ring->keys;
}

void gpg_keyring_free(struct gpg_keyring *ring)
{
	struct keg_err ignored;

	(void)!keg_remove_tree(AT_FDCWD, ring->home, &ignored);
	keg_strv_done(&ring->keys);
	free(ring->home);
	free(ring);
}

void gpg_signer_done(struct gpg_signer *signer)
{
	free(signer->key);
	free(signer->primary);
	*signer = (struct gpg_signer){ 0 };
}

/* VALIDSIG <fingerprint> ... <fingerprint of the primary key>, both of hex digits. */
static int take_signer(const char *args, struct gpg_signer *out, struct keg_err *err)
{
	auto(keg_strv) words = { 0 };

	keg_strv_split(&words, args, ' ');
	if (words.n < 10)
		return keg_fail(err, KEG_EDENIED,
				"Invalid GPG signature: gpg does not name the key");
	out->key = keg_strdup(words.v[0]);
	out->primary = keg_strdup(words.v[9]);
	return 0;
}

static const char *why_invalid(const struct gpg_call *call)
{
	static const struct {
		const char *keyword, *says;
	} reasons[] = {
		{ "NO_PUBKEY", "it is by a key that is not trusted here" },
		{ "BADSIG", "what was signed has been changed" },
		{ "EXPKEYSIG", "the key has expired" },
		{ "REVKEYSIG", "the key was revoked" },
		{ "EXPSIG", "the signature has expired" },
		{ "ERRSIG", "it cannot be checked" },
		{ "NODATA", "this is no OpenPGP message" },
	};

	for (size_t i = 0; i < KEG_COUNT(reasons); i++) {
		if (count_status(call, reasons[i].keyword) > 0)
			return reasons[i].says;
	}
	return "it is malformed";
}

/* One signature, and it is good: no other word may stand beside these. */
static int judge(const struct gpg_call *call, int status, struct gpg_signer *signer,
		 struct keg_err *err)
{
	size_t signatures = count_status(call, "NEWSIG");

	if (status == 0 && signatures != 1)
		return keg_fail(err, KEG_EDENIED, "Unexpected GPG signature count %zu", signatures);
	if (status != 0 || count_status(call, "GOODSIG") != 1 ||
	    count_status(call, "VALIDSIG") != 1 || count_status(call, "BADSIG") > 0 ||
	    count_status(call, "ERRSIG") > 0 || count_status(call, "EXPSIG") > 0 ||
	    count_status(call, "EXPKEYSIG") > 0 || count_status(call, "REVKEYSIG") > 0)
		return keg_fail(err, KEG_EDENIED, "Invalid GPG signature: %s", why_invalid(call));
	for (size_t i = 0; i < call->lines.n; i++) {
		const char *args = status_args(call->lines.v[i], "VALIDSIG");
		if (args)
			return take_signer(args, signer, err);
	}
	return keg_fail(err, KEG_EDENIED, "Invalid GPG signature: gpg does not name the key");
}

int gpg_verify(const struct gpg_keyring *ring, const struct keg_buf *message, struct keg_buf *out,
	       struct gpg_signer *signer, struct keg_err *err)
{
	auto(gpg_call) call;

	int r = gpg_call_init(&call, ring ? ring->home : NULL, message, err);
	if (r < 0)
		return r;
	keg_strv_add(&call.argv, "--output=-");
	keg_strv_add(&call.argv, "--verify");
	r = gpg_run(&call, -1, err);
	if (r >= 0)
		r = judge(&call, r, signer, err);
	return r < 0 ? r : read_back(call.out, out, err);
}

int gpg_sign(const struct keg_buf *text, const char *key, const char *passphrase,
	     struct keg_buf *out, struct keg_err *err)
{
	auto(gpg_call) call;
	autofd int secret = -1;

	if (passphrase && strchr(passphrase, '\n'))
		return keg_fail(err, KEG_EUSAGE,
				"invalid passphrase: must not contain a line break");
	int r = gpg_call_init(&call, NULL, text, err);
	if (r < 0)
		return r;
	if (passphrase) {
		secret = memory_file(passphrase, strlen(passphrase), err);
		if (secret < 0)
			return secret;
		keg_strv_add(&call.argv, "--pinentry-mode=loopback");
		keg_strv_addf(&call.argv, "--passphrase-fd=%d", secret);
	}
	keg_strv_addf(&call.argv, "--local-user=%s", key);
	keg_strv_add(&call.argv, "--no-armor");
	keg_strv_add(&call.argv, "--output=-");
	keg_strv_add(&call.argv, "--sign");
	r = gpg_run(&call, secret, err);
	if (r == 0 && count_status(&call, "SIG_CREATED") == 1)
		return read_back(call.out, out, err);
	if (r < 0)
		return r;
	autofree char *why = last_words(&call);
	return keg_fail(err, KEG_EDENIED, "sign with key %s: %s", key, *why ? why : "gpg failed");
}

static void take_people(const struct keg_buf *listing, struct keg_strv *out)
{
	auto(keg_strv) lines = { 0 };

	keg_strv_split(&lines, keg_buf_text(listing), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		auto(keg_strv) fields = { 0 };

		keg_strv_split(&fields, lines.v[i], ':');
		if (fields.n < 10 || strcmp(fields.v[0], "uid") != 0)
			continue;
		const char *mail = strchr(fields.v[9], '<');
		mail = mail ? mail + 1 : fields.v[9];
		keg_strv_take(out, keg_strndup(mail, strcspn(mail, ">")));
	}
}

void gpg_key_people(const char *path, struct keg_strv *out)
{
	autoptr(gpg_keyring) ring = NULL;
	auto(keg_buf) keys = { 0 }, listing = { 0 };
	auto(gpg_call) call = { .in = -1, .out = -1, .says = -1, .status = -1 };
	struct keg_err ignored;

	if (keg_file_read(AT_FDCWD, path, GPG_SAYS_MAX, &keys, &ignored) < 0 ||
	    gpg_keyring_open(NULL, 0, &ring, &ignored) < 0 ||
	    gpg_call_init(&call, ring->home, &keys, &ignored) < 0)
		return;
	keg_strv_add(&call.argv, "--with-colons");
	keg_strv_add(&call.argv, "--show-keys");
	if (gpg_run(&call, -1, &ignored) >= 0 && read_back(call.out, &listing, &ignored) >= 0)
		take_people(&listing, out);
}
