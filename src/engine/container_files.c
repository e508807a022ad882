/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/userns.h"
#include "os/path.h"

enum { MAX_HOST_FILE = 1 << 20, MAX_PASSWD = 4 << 20 };

static bool own_network(const struct spec_gen *gen)
{
	return gen->ns[SPEC_NET].mode == SPEC_NS_PRIVATE || gen->ns[SPEC_NET].mode == SPEC_NS_NONE;
}

static bool wants_passwd(const struct spec_gen *gen)
{
	struct keg_err ignored;

	if (gen->user.has_entry || gen->options->passwd == 0 || gen->user.uid == 0)
		return false;
	autofd int fd = path_open_in_root(gen->rootfd, "/etc/passwd", O_PATH, &ignored);
	return fd >= 0;
}

unsigned container_files_wanted(const struct spec_gen *gen)
{
	const struct container_options *o = gen->options;
	unsigned wanted = CONTAINER_WANTS_HOSTNAME | CONTAINER_WANTS_ENV;

	if (!o->no_hosts && !gen->config->no_hosts)
		wanted |= CONTAINER_WANTS_HOSTS;
	/* As the peers: who has no network has nobody to ask. */
	if (gen->ns[SPEC_NET].mode != SPEC_NS_NONE &&
	    !(o->dns.n == 1 && strcmp(o->dns.v[0], "none") == 0))
		wanted |= CONTAINER_WANTS_RESOLV;
	if (wants_passwd(gen))
		wanted |= CONTAINER_WANTS_PASSWD;
	return wanted;
}

bool container_id_is_mapped(uint32_t id)
{
	auto(keg_arena) arena = { 0 };
	struct userns_map map;
	struct keg_err err;

	if (userns_read_map("/proc/self/gid_map", &map, &arena, &err) < 0)
		return false;
	for (size_t i = 0; i < map.n; i++) {
		if (id >= map.rows[i].inside && id - map.rows[i].inside < map.rows[i].count)
			return true;
	}
	return false;
}

static int host_file(const char *path, struct keg_buf *out, struct keg_err *err)
{
	int r = keg_file_read(AT_FDCWD, path, MAX_HOST_FILE, out, err);

	if (r == -KEG_ENOTFOUND)
		return 0;
	if (r >= 0 && out->len && out->data[out->len - 1] != '\n')
		keg_buf_putc(out, '\n');
	return r;
}

static int make_hosts(const struct spec_gen *gen, struct keg_buf *out, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	int r = 0;

	for (size_t i = 0; i < o->add_hosts.n; i++) {
		const char *colon = strchr(o->add_hosts.v[i], ':');

		if (!colon || colon == o->add_hosts.v[i] || !colon[1])
			return keg_fail(err, KEG_EUSAGE, "bad format for add-host: \"%s\"",
					o->add_hosts.v[i]);
		if (strcmp(colon + 1, "host-gateway") == 0)
			return keg_fail(err, KEG_EUNSUPPORTED,
					"--add-host with host-gateway needs a network, which this "
					"version has not");
		keg_buf_printf(out, "%s\t%.*s\n", colon + 1, (int)(colon - o->add_hosts.v[i]),
			       o->add_hosts.v[i]);
	}
	r = host_file("/etc/hosts", out, err);
	if (r < 0)
		return r;
	if (!strstr(keg_buf_text(out), "localhost"))
		keg_buf_puts(out, "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
	if (own_network(gen) && gen->out.hostname)
		keg_buf_printf(out, "127.0.0.1\t%s %s\n", gen->out.hostname, gen->name);
	return 0;
}

/* A name server on the host's own loopback is nowhere in a network of its own. */
static bool is_loopback_server(const char *line)
{
	return keg_str_starts(line, "nameserver 127.") || keg_str_starts(line, "nameserver ::1");
}

static void add_words(struct keg_buf *out, const char *key, const struct keg_strv *given,
		      const char *const *standard, size_t n_standard)
{
	size_t n = given->n ? given->n : n_standard;

	for (size_t i = 0; i < n; i++)
		keg_buf_printf(out, "%s%s", i ? " " : key, given->n ? given->v[i] : standard[i]);
	if (n)
		keg_buf_putc(out, '\n');
}

static int make_resolv(const struct spec_gen *gen, struct keg_buf *out, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	const struct engine_config *c = gen->config;
	auto(keg_buf) host = { 0 };
	int r = host_file("/etc/resolv.conf", &host, err);

	if (r < 0)
		return r;
	bool own_servers = o->dns.n || c->n_dns_servers;
	bool own_search = o->dns_search.n || c->n_dns_searches;
	bool own_options = o->dns_options.n || c->n_dns_options;
	bool no_search = o->dns_search.n == 1 && strcmp(o->dns_search.v[0], ".") == 0;
	if (own_search && !no_search)
		add_words(out, "search ", &o->dns_search, c->dns_searches, c->n_dns_searches);
	for (size_t i = 0; i < (o->dns.n ? o->dns.n : c->n_dns_servers); i++)
		keg_buf_printf(out, "nameserver %s\n", o->dns.n ? o->dns.v[i] : c->dns_servers[i]);
	if (own_options)
		add_words(out, "options ", &o->dns_options, c->dns_options, c->n_dns_options);
	char *at = host.len ? host.data : NULL;
	for (char *line; (line = strsep(&at, "\n")) != NULL;) {
		if (*line == '\0' || (own_servers && keg_str_starts(line, "nameserver")) ||
		    (own_search &&
		     (keg_str_starts(line, "search") || keg_str_starts(line, "domain"))) ||
		    (own_options && keg_str_starts(line, "options")) ||
		    (own_network(gen) && is_loopback_server(line)))
			continue;
		keg_buf_printf(out, "%s\n", line);
	}
	return 0;
}

static void make_env(const struct spec_gen *gen, struct keg_buf *out)
{
	/* As the peers: details only for the one who may do anything anyway. */
	if (!gen->options->privileged)
		return;
	keg_buf_printf(out,
		       "engine=\"keg-%s\"\nname=\"%s\"\nid=\"%s\"\nimage=\"%s\"\nimageid=\"%s\"\n"
		       "rootless=%d\n",
		       KEG_VERSION, gen->name, gen->id, gen->image_name, gen->image_id,
		       gen->config->rootless);
}

static int make_passwd(const struct spec_gen *gen, struct keg_buf *out, struct keg_err *err)
{
	autofd int fd = path_open_in_root(gen->rootfd, "/etc/passwd", O_RDONLY | O_NONBLOCK, err);

	if (fd < 0)
		return fd;
	int r = keg_fd_read_all(fd, MAX_PASSWD, out, err);
	if (r < 0)
		return keg_wrap(err, "read /etc/passwd of the container");
	if (out->len && out->data[out->len - 1] != '\n')
		keg_buf_putc(out, '\n');
	keg_buf_printf(out, "%u:*:%u:%u:container user:%s:/bin/sh\n", gen->user.uid, gen->user.uid,
		       gen->user.gid, gen->out.process->cwd);
	return 0;
}

/*
 * In the run folder the file is new: no temporary name is needed, which halves the work
 * of the run path. The copy on disk is replaced whole.
 */
static int put(int dirfd, int keep, const char *name, const struct keg_buf *text,
	       struct keg_err *err)
{
	autofd int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return keg_fail_sys(err, errno, "make %s", name);
	int r = text->len ? keg_write_all(fd, text->data, text->len, err) : 0;
	if (r >= 0 && keep >= 0)
		r = keg_file_write(keep, name, keg_buf_text(text), text->len, 0644, 0, err);
	return r;
}

int container_files_write(const struct spec_gen *gen, int dirfd, int keep, struct keg_err *err)
{
	unsigned wanted = container_files_wanted(gen);
	auto(keg_buf) hosts = { 0 };
	auto(keg_buf) hostname = { 0 };
	auto(keg_buf) resolv = { 0 };
	auto(keg_buf) env = { 0 };
	auto(keg_buf) passwd = { 0 };
	const char *name = NULL;
	int r = 0;

	for (size_t i = 0; i < gen->out.process->n_env; i++) {
		if (keg_str_starts(gen->out.process->env[i], "HOSTNAME="))
			name = gen->out.process->env[i] + strlen("HOSTNAME=");
	}
	keg_buf_printf(&hostname, "%s\n", gen->out.hostname ? gen->out.hostname : name);
	make_env(gen, &env);
	if (wanted & CONTAINER_WANTS_HOSTS)
		r = make_hosts(gen, &hosts, err);
	if (r >= 0 && (wanted & CONTAINER_WANTS_RESOLV))
		r = make_resolv(gen, &resolv, err);
	if (r >= 0 && (wanted & CONTAINER_WANTS_PASSWD))
		r = make_passwd(gen, &passwd, err);

	const struct {
		const char *file;
		unsigned when;
		const struct keg_buf *text;
	} files[] = {
		{ CONTAINER_FILE_HOSTS, CONTAINER_WANTS_HOSTS, &hosts },
		{ CONTAINER_FILE_HOSTNAME, CONTAINER_WANTS_HOSTNAME, &hostname },
		{ CONTAINER_FILE_RESOLV, CONTAINER_WANTS_RESOLV, &resolv },
		{ CONTAINER_FILE_ENV, CONTAINER_WANTS_ENV, &env },
		{ CONTAINER_FILE_PASSWD, CONTAINER_WANTS_PASSWD, &passwd },
	};
	for (size_t i = 0; r >= 0 && i < KEG_COUNT(files); i++) {
		if (wanted & files[i].when)
			r = put(dirfd, keep, files[i].file, files[i].text, err);
	}
	return r;
}

int container_files_restore(int keep, int dirfd, struct keg_err *err)
{
	static const char *const names[] = { CONTAINER_FILE_HOSTS, CONTAINER_FILE_HOSTNAME,
					     CONTAINER_FILE_RESOLV, CONTAINER_FILE_ENV,
					     CONTAINER_FILE_PASSWD };

	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		auto(keg_buf) text = { 0 };

		if (keg_exists(dirfd, names[i]) || !keg_exists(keep, names[i]))
			continue;
		int r = keg_file_read(keep, names[i], MAX_PASSWD, &text, err);
		if (r >= 0)
			r = put(dirfd, -1, names[i], &text, err);
		if (r < 0)
			return r;
	}
	return 0;
}
