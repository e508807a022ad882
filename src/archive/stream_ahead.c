/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading ahead: a ring of a few slots, filled by a thread and emptied by the reader. `filled`
 * and `drained` count slots since the start; their difference is what is ready. A failure
 * is the last slot's content, so it is reported where it happened.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "archive/stream.h"
#include "base/mem.h"

enum { SLOTS = 4, SLOT_BYTES = 256 << 10 };

struct slot {
	char *bytes;
	ssize_t len; /* 0: the end, negative: `ahead_in.failure` */
};

struct ahead_in {
	struct stream_in in;
	struct stream_in *from;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned filled, drained; /* under the lock */
	bool stop;		  /* under the lock */
	struct slot slots[SLOTS];
	struct keg_err failure;
	size_t at; /* in the slot being drained; the reader's alone */
	bool ended;
};

static bool wait_for_free_slot(struct ahead_in *self)
{
	pthread_mutex_lock(&self->lock);
	while (!self->stop && self->filled - self->drained == SLOTS)
		pthread_cond_wait(&self->changed, &self->lock);
	bool go_on = !self->stop;
	pthread_mutex_unlock(&self->lock);
	return go_on;
}

static void step(struct ahead_in *self, unsigned *counter)
{
	pthread_mutex_lock(&self->lock);
	++*counter;
	pthread_cond_signal(&self->changed);
	pthread_mutex_unlock(&self->lock);
}

static void *fill_slots(void *arg)
{
	struct ahead_in *self = arg;
	ssize_t n;

	do {
		struct slot *slot = &self->slots[self->filled % SLOTS];

		if (!wait_for_free_slot(self))
			break;
		n = slot->len =
			stream_read_full(self->from, slot->bytes, SLOT_BYTES, &self->failure);
		step(self, &self->filled);
	} while (n > 0);
	return NULL;
}

static struct slot *wait_for_full_slot(struct ahead_in *self)
{
	pthread_mutex_lock(&self->lock);
	while (self->filled == self->drained)
		pthread_cond_wait(&self->changed, &self->lock);
	pthread_mutex_unlock(&self->lock);
	return &self->slots[self->drained % SLOTS];
}

static ssize_t ahead_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct ahead_in *self = (struct ahead_in *)in;

	if (self->ended)
		return 0;

	struct slot *slot = wait_for_full_slot(self);
	if (slot->len <= 0) {
		if (slot->len < 0)
			*err = self->failure;
		self->ended = slot->len == 0;
		return slot->len;
	}
	size_t n = (size_t)slot->len - self->at;
	n = n < room ? n : room;
	memcpy(bytes, slot->bytes + self->at, n);
	self->at += n;
	if (self->at == (size_t)slot->len) {
		self->at = 0;
		step(self, &self->drained);
	}
	return (ssize_t)n;
}

static void ahead_free(struct ahead_in *self)
{
	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
	free(self->slots[0].bytes);
	free(self);
}

static void ahead_close(struct stream_in *in)
{
	struct ahead_in *self = (struct ahead_in *)in;

	pthread_mutex_lock(&self->lock);
	self->stop = true;
	pthread_cond_signal(&self->changed);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	stream_in_close(self->from);
	ahead_free(self);
}

/* Signals are for the program's own threads. */
static int start_without_signals(struct ahead_in *self)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&self->thread, NULL, fill_slots, self);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

struct stream_in *stream_in_ahead(struct stream_in *from)
{
	struct ahead_in *self = keg_alloc(1, sizeof *self);
	char *ring = keg_realloc(NULL, SLOTS, SLOT_BYTES);

	self->in = (struct stream_in){ ahead_read, ahead_close };
	self->from = from;
	for (size_t i = 0; i < SLOTS; i++)
		self->slots[i].bytes = ring + i * SLOT_BYTES;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	if (start_without_signals(self) != 0) {
		ahead_free(self);
		return from;
	}
	return &self->in;
}
