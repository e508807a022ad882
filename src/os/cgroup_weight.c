/* SPDX-License-Identifier: Apache-2.0 */
/* The specification speaks v1; these are its weights on v2's scales. */
#include "os/cgroup_internal.h"

enum { SHARES_MIN = 2, SHARES_MAX = 262144, WEIGHT_MIN = 1, WEIGHT_MAX = 10000 };
enum { BLKIO_MIN = 10, BLKIO_MAX = 1000 };

/* Bit by bit: squaring doubles the logarithm. Spares the programs the mathematics library. */
static double log_2(uint64_t number)
{
	enum { FRACTION_BITS = 48, TOP = 63 };
	uint64_t whole = (uint64_t)(TOP - __builtin_clzll(number));
	uint64_t mantissa = number << (TOP - whole), result = whole;

	for (int i = 0; i < FRACTION_BITS; i++) {
		unsigned __int128 square = (unsigned __int128)mantissa * mantissa;
		bool over = square >> (2 * TOP + 1);

		mantissa = (uint64_t)(square >> (over ? TOP + 1 : TOP));
		result = result << 1 | over;
	}
	return (double)result / (double)(1ULL << FRACTION_BITS);
}

/*
 * [2, 262144] to [1, 10000] through 1024 to 100, the defaults: with l = log2(shares), the weight is
 * 10^((l^2 + 125l) / 612 - 7/34) rounded up, as runc has it since 1.3.2 and crun since 1.23.
 */
uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	static const double a = 125, b = 612, c = 7.0 / 34, log2_of_10 = 3.321928094887362;
	static const double same = 1e-12; /* 1024 is 100, not the next one */
	uint64_t low = WEIGHT_MIN, high = WEIGHT_MAX;

	if (shares <= SHARES_MIN)
		return WEIGHT_MIN;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	double l = log_2(shares), exponent = (l * l + a * l) / b - c;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (log_2(middle) / log2_of_10 + same >= exponent)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* [10, 1000] to [1, 10000]; BFQ keeps v1's scale. */
uint64_t cgroup_weight_of_blkio(uint64_t weight, bool bfq)
{
	if (bfq || weight < BLKIO_MIN)
		return weight;
	return 1 + (weight - BLKIO_MIN) * (WEIGHT_MAX - 1) / (BLKIO_MAX - BLKIO_MIN);
}
