/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a filter costs by its length: the kernel compiles it, and runs it for every system
 * call of each architecture to learn which are always allowed. libseccomp compares the number
 * with each name of the profile; but profiles allow long runs of numbers.
 *
 * So the old program is asked, not read. Its answer can only change at a number that it
 * compares with, hence one question between each two of those tells all. Where the answer
 * depends on arguments, the old instructions from the first load of an argument on are kept.
 *
 * The new program: load the architecture, go to its block; there load the number, go down a
 * binary tree of ranges whose leaves return, or jump to the kept instructions at the end.
 */
#include "os/seccomp_ranges.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

enum { ARCHS_MAX = 8, NEAR_MAX = 255, UNCLAIMED = -1 };
/* No architecture's: all have an ELF machine number below. */
#define NO_ARCH UINT32_MAX

struct answer {
	bool keeps;  /* it depends on arguments */
	uint32_t at; /* what to return, or where in the old program to go on */
};

struct segment {
	uint32_t from;
	struct answer answer;
};

struct block {
	uint32_t arch;
	struct segment *segments;
	size_t n;
};

struct rewrite {
	const struct seccomp_simple *simple;
	const struct sock_filter *old;
	size_t n_old;
	uint32_t archs[ARCHS_MAX];
	size_t n_archs;
	uint32_t *points; /* where answers may change, sorted */
	size_t n_points;
	struct block blocks[ARCHS_MAX];
	long *kept; /* for each old instruction: where it is now, or UNCLAIMED */
	struct sock_filter *out;
	size_t n;
};

static bool is_jump(const struct sock_filter *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_JA;
}

/* Would the jump be taken? False in *known: not a comparison that we understand. */
static bool taken(const struct sock_filter *insn, uint32_t a, bool *known)
{
	switch (insn->code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		return a == insn->k;
	case BPF_JMP | BPF_JGT | BPF_K:
		return a > insn->k;
	case BPF_JMP | BPF_JGE | BPF_K:
		return a >= insn->k;
	default:
		*known = false;
		return false;
	}
}

static void note_arch(struct rewrite *rw, uint32_t arch)
{
	for (size_t i = 0; i < rw->n_archs; i++) {
		if (rw->archs[i] == arch)
			return;
	}
	if (rw->n_archs < ARCHS_MAX)
		rw->archs[rw->n_archs++] = arch;
}

/*
 * What the table says, or else the old program, run up to its answer. With `collect` the
 * architectures that it compares with are noted. False: it does something else than load, compare,
 * jump and return.
 */
static bool ask(struct rewrite *rw, uint32_t arch, uint32_t nr, bool collect, struct answer *out)
{
	const struct seccomp_answer *told = seccomp_simple_answer(rw->simple, arch, nr);
	uint32_t a = 0;
	bool known = true, has_arch = false;

	if (told) {
		*out = (struct answer){ false, told->action };
		return true;
	}

	for (size_t pc = 0; known && pc < rw->n_old; pc++) {
		const struct sock_filter *insn = &rw->old[pc];

		if (insn->code == (BPF_RET | BPF_K)) {
			*out = (struct answer){ false, insn->k };
			return true;
		}
		if (insn->code == (BPF_LD | BPF_W | BPF_ABS)) {
			has_arch = insn->k == offsetof(struct seccomp_data, arch);
			if (!has_arch && insn->k != offsetof(struct seccomp_data, nr)) {
				*out = (struct answer){ true, (uint32_t)pc };
				return true;
			}
			a = has_arch ? arch : nr;
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			pc += insn->k;
		} else {
			if (collect && has_arch)
				note_arch(rw, insn->k);
			pc += taken(insn, a, &known) ? insn->jt : insn->jf;
		}
	}
	return false;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void add_point(struct rewrite *rw, uint32_t number)
{
	rw->points[rw->n_points++] = number;
	if (number < UINT32_MAX)
		rw->points[rw->n_points++] = number + 1;
}

/* Each number compared with or told, and the one after it. */
static void find_points(struct rewrite *rw)
{
	size_t kept = 0;

	rw->points = keg_alloc(2 * (rw->n_old + rw->simple->n_answers) + 1, sizeof *rw->points);
	rw->points[rw->n_points++] = 0;
	for (size_t i = 0; i < rw->n_old; i++) {
		if (is_jump(&rw->old[i]))
			add_point(rw, rw->old[i].k);
	}
	for (size_t i = 0; i < rw->simple->n_answers; i++)
		add_point(rw, rw->simple->answers[i].number);
	qsort(rw->points, rw->n_points, sizeof *rw->points, compare_numbers);
	for (size_t i = 0; i < rw->n_points; i++) {
		if (kept == 0 || rw->points[kept - 1] != rw->points[i])
			rw->points[kept++] = rw->points[i];
	}
	rw->n_points = kept;
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	return a->keeps == b->keeps && a->at == b->at;
}

static bool find_segments(struct rewrite *rw, struct block *block, uint32_t arch)
{
	block->arch = arch;
	block->segments = keg_alloc(rw->n_points, sizeof *block->segments);
	for (size_t i = 0; i < rw->n_points; i++) {
		struct answer answer;

		if (!ask(rw, arch, rw->points[i], false, &answer))
			return false;

		if (block->n > 0 && same_answer(&block->segments[block->n - 1].answer, &answer))
			continue;
		block->segments[block->n++] = (struct segment){ rw->points[i], answer };
	}
	return true;
}

/* --- writing ----------------------------------------------------------------------------- */

static size_t tree_size(size_t n)
{
	if (n == 1)
		return 1;

	size_t left = tree_size(n / 2);
	return left + tree_size(n - n / 2) + (left > NEAR_MAX ? 2 : 1);
}

static void put(struct rewrite *rw, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	rw->out[rw->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void put_tree(struct rewrite *rw, const struct segment *segments, size_t n)
{
	size_t half = n / 2, left = half ? tree_size(half) : 0;

	if (n == 1) {
		/* Where the kept ones will be is not known yet: end() puts it in. */
		put(rw, segments->answer.keeps ? BPF_JMP | BPF_JA : BPF_RET | BPF_K,
		    segments->answer.at, 0, 0);
		return;
	}
	if (left > NEAR_MAX) {
		put(rw, BPF_JMP | BPF_JGE | BPF_K, segments[half].from, 0, 1);
		put(rw, BPF_JMP | BPF_JA, (uint32_t)left, 0, 0);
	} else {
		put(rw, BPF_JMP | BPF_JGE | BPF_K, segments[half].from, (uint8_t)left, 0);
	}
	put_tree(rw, segments, half);
	put_tree(rw, segments + half, n - half);
}

/* Mark what can be reached from `pc`; jumps only go forward, so one pass over the rest does. */
static void claim(struct rewrite *rw, size_t pc)
{
	rw->kept[pc] = 0;
	for (; pc < rw->n_old; pc++) {
		const struct sock_filter *insn = &rw->old[pc];

		if (rw->kept[pc] == UNCLAIMED || BPF_CLASS(insn->code) == BPF_RET)
			continue;
		if (insn->code == (BPF_JMP | BPF_JA)) {
			rw->kept[pc + 1 + insn->k] = 0;
		} else if (is_jump(insn)) {
			rw->kept[pc + 1 + insn->jt] = 0;
			rw->kept[pc + 1 + insn->jf] = 0;
		} else {
			rw->kept[pc + 1] = 0;
		}
	}
}

/* The kept instructions, closer together: their jumps get shorter, never longer. */
static void put_kept(struct rewrite *rw)
{
	size_t next = rw->n;

	for (size_t pc = 0; pc < rw->n_old; pc++) {
		if (rw->kept[pc] != UNCLAIMED)
			rw->kept[pc] = (long)next++;
	}
	for (size_t pc = 0; pc < rw->n_old; pc++) {
		struct sock_filter insn = rw->old[pc];
		size_t after = rw->n + 1;

		if (rw->kept[pc] == UNCLAIMED)
			continue;
		if (insn.code == (BPF_JMP | BPF_JA)) {
			insn.k = (uint32_t)((size_t)rw->kept[pc + 1 + insn.k] - after);
		} else if (is_jump(&insn)) {
			insn.jt = (uint8_t)((size_t)rw->kept[pc + 1 + insn.jt] - after);
			insn.jf = (uint8_t)((size_t)rw->kept[pc + 1 + insn.jf] - after);
		}
		rw->out[rw->n++] = insn;
	}
}

/* One for the architecture, two to get to its block, its tree and the load of the number. */
static size_t blocks_size(const struct rewrite *rw)
{
	size_t size = 2;

	for (size_t i = 0; i < rw->n_archs; i++)
		size += 3 + tree_size(rw->blocks[i].n);
	return size;
}

static void put_blocks(struct rewrite *rw, uint32_t otherwise)
{
	size_t far = 2 * rw->n_archs + 1; /* after the last comparison, and the answer to others */

	put(rw, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	for (size_t i = 0; i < rw->n_archs; i++) {
		put(rw, BPF_JMP | BPF_JEQ | BPF_K, rw->blocks[i].arch, 0, 1);
		put(rw, BPF_JMP | BPF_JA, (uint32_t)(far - 2 * i - 2), 0, 0);
		far += 1 + tree_size(rw->blocks[i].n);
	}
	put(rw, BPF_RET | BPF_K, otherwise, 0, 0);
	for (size_t i = 0; i < rw->n_archs; i++) {
		put(rw, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
		put_tree(rw, rw->blocks[i].segments, rw->blocks[i].n);
	}
}

/* Turn the leaves' old places into new ones. They are the only jumps that hold one. */
static void point_leaves(struct rewrite *rw, size_t at, const struct block *block)
{
	/* In the order of put_tree(): leaves come as the segments do. */
	size_t leaf = 0;

	for (size_t i = at; leaf < block->n; i++) {
		struct sock_filter *insn = &rw->out[i];
		const struct answer *answer = &block->segments[leaf].answer;

		if (insn->code == (BPF_JMP | BPF_JGE | BPF_K)) {
			if (insn->jt == 0)
				i++; /* the long jump of a wide node */
			continue;
		}
		if (answer->keeps)
			insn->k = (uint32_t)((size_t)rw->kept[answer->at] - i - 1);
		leaf++;
	}
}

static bool write_all(struct rewrite *rw, uint32_t otherwise)
{
	size_t start = 2 + 2 * rw->n_archs;
	size_t size = blocks_size(rw), kept = 0;

	rw->kept = keg_alloc(rw->n_old + NEAR_MAX + 2, sizeof *rw->kept);
	for (size_t i = 0; i < rw->n_old; i++)
		rw->kept[i] = UNCLAIMED;
	for (size_t i = 0; i < rw->n_archs; i++) {
		for (size_t j = 0; j < rw->blocks[i].n; j++) {
			if (rw->blocks[i].segments[j].answer.keeps)
				claim(rw, rw->blocks[i].segments[j].answer.at);
		}
	}
	for (size_t i = 0; i < rw->n_old; i++)
		kept += rw->kept[i] != UNCLAIMED;
	if (size + kept > BPF_MAXINSNS || (rw->simple->n_answers == 0 && size + kept >= rw->n_old))
		return false;

	rw->out = keg_alloc(size + kept, sizeof *rw->out);
	put_blocks(rw, otherwise);
	put_kept(rw);
	for (size_t i = 0; i < rw->n_archs; i++) {
		point_leaves(rw, start + 1, &rw->blocks[i]);
		start += 1 + tree_size(rw->blocks[i].n);
	}
	return true;
}

static bool compares_with(const struct rewrite *rw, uint32_t arch)
{
	for (size_t i = 0; i < rw->n_archs; i++) {
		if (rw->archs[i] == arch)
			return true;
	}
	return false;
}

static bool rewrite(struct rewrite *rw)
{
	struct answer otherwise;

	/* An unknown architecture is compared with all that are known, and its number is not. */
	if (!ask(rw, NO_ARCH, 0, true, &otherwise) || otherwise.keeps || rw->n_archs == 0 ||
	    rw->n_archs == ARCHS_MAX)
		return false;
	for (size_t i = 0; i < rw->simple->n_answers; i++) {
		if (!compares_with(rw, rw->simple->answers[i].arch))
			return false;
	}
	find_points(rw);
	for (size_t i = 0; i < rw->n_archs; i++) {
		if (!find_segments(rw, &rw->blocks[i], rw->archs[i]))
			return false;
	}
	for (size_t i = 0; i < rw->n_points; i++) {
		struct answer answer;

		if (!ask(rw, NO_ARCH, rw->points[i], false, &answer) || answer.keeps ||
		    answer.at != otherwise.at)
			return false;
	}
	return write_all(rw, otherwise.at);
}

bool seccomp_ranges_rewrite(struct seccomp_filter *filter, const struct seccomp_simple *simple)
{
	struct rewrite rw = { .simple = simple, .old = filter->insns, .n_old = filter->n_insns };
	bool done = rewrite(&rw);

	if (done) {
		free(filter->memory);
		filter->memory = filter->insns = rw.out;
		filter->n_insns = rw.n;
	} else {
		free(rw.out);
	}
	free(rw.points);
	free(rw.kept);
	for (size_t i = 0; i < rw.n_archs; i++)
		free(rw.blocks[i].segments);
	return done;
}
