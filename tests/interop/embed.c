/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that embeds libkeg, for test_library.py, which makes the bundles:
 *
 *     embed life    PROGRAM ROOT BUNDLE    every function once; the bundle sleeps
 *     embed run     PROGRAM ROOT BUNDLE    keg_runtime_run(); exits as it does
 *     embed systemd PROGRAM ROOT BUNDLE    the same, and systemd makes the cgroup
 *     embed threads PROGRAM ROOT BUNDLE    8 threads, 20 containers each, and one that looks on
 */
#include <errno.h>
#include <fcntl.h>
#include <keg/runtime.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 20 };

static struct keg_runtime *rt;
static const char *bundle;
static atomic_int failures;

#define CHECK(what) check((what), #what, __LINE__)

static void check(bool good, const char *what, int line)
{
	if (good)
		return;
	atomic_fetch_add(&failures, 1);
	fprintf(stderr, "line %d: %s\n", line, what);
}

static int good(int r, struct keg_runtime_error **err, const char *what, int line)
{
	if (r < 0) {
		atomic_fetch_add(&failures, 1);
		fprintf(stderr, "line %d: %s: %s (%d)\n", line, what,
			keg_runtime_error_message(*err), r);
		keg_runtime_error_free(*err);
		*err = NULL;
	}
	return r;
}
#define GOOD(call) good((call), &err, #call, __LINE__)

static void one_container(int thread, int round)
{
	struct keg_runtime_create_options options = KEG_RUNTIME_CREATE_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;
	struct keg_runtime_state *state = NULL;
	int pidfd = -1;
	char id[32];

	snprintf(id, sizeof id, "t%d-%d", thread, round);
	options.bundle = bundle;
	if (GOOD(keg_runtime_create(rt, id, &options, &pidfd, &err)) < 0)
		return;
	CHECK(pidfd >= 0);
	GOOD(keg_runtime_state(rt, id, &state, &err));
	CHECK(state && keg_runtime_state_status(state) == KEG_RUNTIME_CREATED);
	keg_runtime_state_free(state);
	GOOD(keg_runtime_start(rt, id, &err));
	CHECK(GOOD(keg_runtime_wait(pidfd, &err)) == 7);
	GOOD(keg_runtime_delete(rt, id, 0, &err));
	close(pidfd);
}

static void *work(void *number)
{
	for (int i = 0; i < ROUNDS; i++)
		one_container((int)(intptr_t)number, i);
	return NULL;
}

/* Containers come and go under its eyes; none of that is an error but "does not exist". */
static void *look_on(void *stop)
{
	while (!atomic_load((atomic_bool *)stop)) {
		struct keg_runtime_error *err = NULL;
		char **ids = NULL;

		if (GOOD(keg_runtime_list(rt, &ids, &err)) < 0)
			return NULL;
		for (char **id = ids; *id; id++) {
			struct keg_runtime_state *state = NULL;
			int r = keg_runtime_state(rt, *id, &state, &err);

			CHECK(r >= 0 || r == -KEG_RUNTIME_ENOTFOUND);
			if (r < 0)
				keg_runtime_error_free(err);
			keg_runtime_state_free(state);
		}
		keg_runtime_release(ids);
		usleep(1000);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t workers[THREADS], looker;
	atomic_bool stop = false;

	pthread_create(&looker, NULL, look_on, &stop);
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&workers[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i], NULL);
	atomic_store(&stop, true);
	pthread_join(looker, NULL);
	/* Nothing is left that was ours to collect. */
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void status_is(const char *id, enum keg_runtime_status want)
{
	struct keg_runtime_error *err = NULL;
	struct keg_runtime_state *state = NULL;

	if (GOOD(keg_runtime_state(rt, id, &state, &err)) < 0)
		return;
	CHECK(keg_runtime_state_status(state) == want);
	CHECK(strcmp(keg_runtime_state_id(state), id) == 0);
	CHECK((keg_runtime_state_pid(state) > 0) == (want != KEG_RUNTIME_STOPPED));
	keg_runtime_state_free(state);
}

static void refused(const char *id)
{
	struct keg_runtime_create_options options = KEG_RUNTIME_CREATE_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;

	options.bundle = bundle;
	CHECK(keg_runtime_create(rt, id, &options, NULL, &err) == -KEG_RUNTIME_EEXISTS);
	CHECK(err && strstr(keg_runtime_error_message(err), id));
	CHECK(err && keg_runtime_error_code(err) == KEG_RUNTIME_EEXISTS);
	keg_runtime_error_free(err);
	options.config = "{";
	CHECK(keg_runtime_create(rt, "other", &options, NULL, NULL) == -KEG_RUNTIME_ECORRUPT);
	options.config = NULL;
	options.flags = 1u << 30;
	CHECK(keg_runtime_create(rt, "other", &options, NULL, NULL) == -KEG_RUNTIME_EUNSUPPORTED);
	options.size = 1;
	CHECK(keg_runtime_create(rt, "other", &options, NULL, NULL) == -KEG_RUNTIME_EUSAGE);
	CHECK(keg_runtime_start(rt, "nobody", NULL) == -KEG_RUNTIME_ENOTFOUND);
}

static void exec_with_descriptors(const char *id)
{
	struct keg_runtime_exec_options options = KEG_RUNTIME_EXEC_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;
	char text[64] = "";
	int ends[2], pidfd = -1;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	options.process =
		"{\"args\": [\"/bin/sh\", \"-c\", \"echo out; echo three >&3; ls /proc/self/fd "
		"| wc -l; exit 5\"]}";
	options.io.out = ends[1];
	options.io.fds = &ends[1];
	options.io.n_fds = 1;
	GOOD(keg_runtime_exec(rt, id, &options, &pidfd, &err));
	close(ends[1]);
	CHECK(GOOD(keg_runtime_wait(pidfd, &err)) == 5);
	CHECK(read(ends[0], text, sizeof text - 1) > 0);
	/* 0, 1, 2, 3 and the folder that ls reads. */
	CHECK(strcmp(text, "out\nthree\n5\n") == 0);
	close(ends[0]);
	close(pidfd);
	options = (struct keg_runtime_exec_options)KEG_RUNTIME_EXEC_OPTIONS_INIT;
	options.process = "{\"args\": [\"/no/such\"]}";
	CHECK(keg_runtime_exec(rt, id, &options, NULL, NULL) == -KEG_RUNTIME_ENOCOMMAND);
}

static void groups(const char *id)
{
	struct keg_runtime_stats stats = KEG_RUNTIME_STATS_INIT;
	struct keg_runtime_error *err = NULL;
	pid_t *pids = NULL;

	CHECK(GOOD(keg_runtime_pids(rt, id, &pids, &err)) == 1);
	keg_runtime_release(pids);
	GOOD(keg_runtime_stats(rt, id, &stats, &err));
	CHECK(stats.cpu_usage_ns > 0);
	GOOD(keg_runtime_update(rt, id, "{\"pids\": {\"limit\": 77}}", &err));
	GOOD(keg_runtime_stats(rt, id, &stats, &err));
	CHECK(stats.pids_limit == 77);
	GOOD(keg_runtime_pause(rt, id, &err));
	status_is(id, KEG_RUNTIME_PAUSED);
	GOOD(keg_runtime_resume(rt, id, &err));
}

static void life(void)
{
	struct keg_runtime_create_options options = KEG_RUNTIME_CREATE_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;
	const char *id = "life";
	char *json = NULL;
	int pidfd = -1;

	options.bundle = bundle;
	if (GOOD(keg_runtime_create(rt, id, &options, &pidfd, &err)) < 0)
		return;
	status_is(id, KEG_RUNTIME_CREATED);
	refused(id);
	GOOD(keg_runtime_start(rt, id, &err));
	status_is(id, KEG_RUNTIME_RUNNING);
	GOOD(keg_runtime_config(rt, id, &json, &err));
	CHECK(json && strstr(json, "\"args\""));
	keg_runtime_release(json);
	exec_with_descriptors(id);
	if (geteuid() == 0)
		groups(id);
	CHECK(keg_runtime_delete(rt, id, 0, NULL) == -KEG_RUNTIME_EBUSY);
	GOOD(keg_runtime_kill(rt, id, SIGKILL, 0, &err));
	CHECK(GOOD(keg_runtime_wait(pidfd, &err)) == 128 + SIGKILL);
	status_is(id, KEG_RUNTIME_STOPPED);
	GOOD(keg_runtime_delete(rt, id, 0, &err));
	CHECK(keg_runtime_state(rt, id, NULL, NULL) == -KEG_RUNTIME_ENOTFOUND);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	close(pidfd);
}

static int run(void)
{
	struct keg_runtime_create_options options = KEG_RUNTIME_CREATE_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;

	options.bundle = bundle;
	int status = keg_runtime_run(rt, "run", &options, &err);
	if (status < 0) {
		fprintf(stderr, "%s\n", keg_runtime_error_message(err));
		keg_runtime_error_free(err);
		return 125;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct keg_runtime_options options = KEG_RUNTIME_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;

	if (argc != 5)
		return 2;
	if (strcmp(argv[1], "systemd") == 0)
		options.flags |= KEG_RUNTIME_SYSTEMD;
	options.program = argv[2];
	options.root = argv[3];
	bundle = argv[4];
	if (GOOD(keg_runtime_new(&options, &rt, &err)) < 0)
		return 1;
	int status = 0;
	if (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "systemd") == 0)
		status = run();
	else if (strcmp(argv[1], "life") == 0)
		life();
	else
		threads();
	keg_runtime_free(rt);
	return failures ? 1 : status;
}
