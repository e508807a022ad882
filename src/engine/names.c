/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/names.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"

static const char *const adjectives[] = {
	"able",	    "agile",   "amber",	  "ample",    "apt",	"avid",	    "awake",   "balmy",
	"bold",	    "brave",   "breezy",  "bright",   "brisk",	"calm",	    "candid",  "careful",
	"cheery",   "civil",   "clear",	  "clever",   "cosy",	"crisp",    "curious", "daring",
	"deft",	    "dreamy",  "eager",	  "earnest",  "easy",	"elated",   "fair",    "famous",
	"fearless", "festive", "fine",	  "fluent",   "fond",	"frank",    "free",    "fresh",
	"gentle",   "glad",    "golden",  "graceful", "grand",	"happy",    "hardy",   "hearty",
	"honest",   "hopeful", "humble",  "ideal",    "jolly",	"jovial",   "keen",    "kind",
	"lively",   "loyal",   "lucid",	  "lucky",    "mellow", "merry",    "mighty",  "modest",
	"neat",	    "nimble",  "noble",	  "patient",  "placid", "polite",   "proud",   "prudent",
	"quick",    "quiet",   "ready",	  "robust",   "rosy",	"serene",   "sharp",   "silent",
	"simple",   "sincere", "skilful", "smart",    "snug",	"sober",    "solid",   "steady",
	"sturdy",   "sunny",   "swift",	  "tender",   "tidy",	"tranquil", "trusty",  "upbeat",
	"vivid",    "warm",    "wise",	  "witty",
};

static const char *const surnames[] = {
	"abel",	     "aiken",	   "ampere",	   "anning",	  "archimedes", "babbage",
	"banneker",  "bassi",	   "bernoulli",	   "bessel",	  "boole",	"boyle",
	"brahe",     "carver",	   "cauchy",	   "cavendish",	  "celsius",	"chandra",
	"conway",    "cori",	   "coulomb",	   "cray",	  "crick",	"curie",
	"dalton",    "descartes",  "dirac",	   "doppler",	  "eckert",	"eddington",
	"edison",    "engelbart",  "erdos",	   "euclid",	  "euler",	"faraday",
	"fermat",    "fermi",	   "feynman",	   "fleming",	  "flowers",	"fourier",
	"franklin",  "galileo",	   "galois",	   "gauss",	  "germain",	"godel",
	"haber",     "halley",	   "hamilton",	   "hamming",	  "herschel",	"hertz",
	"hilbert",   "hodgkin",	   "hopper",	   "hubble",	  "huygens",	"hypatia",
	"jacobi",    "jacquard",   "johnson",	   "joule",	  "kelvin",	"kepler",
	"kilby",     "knuth",	   "kovalevskaya", "lagrange",	  "lamarr",	"laplace",
	"lavoisier", "leibniz",	   "liskov",	   "lovelace",	  "markov",	"maxwell",
	"mayer",     "meitner",	   "mendel",	   "minkowski",	  "mitchell",	"morse",
	"napier",    "newton",	   "nobel",	   "noether",	  "ohm",	"oppenheimer",
	"pascal",    "pasteur",	   "pauli",	   "payne",	  "peano",	"planck",
	"poincare",  "ptolemy",	   "raman",	   "ramanujan",	  "riemann",	"ritchie",
	"rubin",     "rutherford", "sagan",	   "schrodinger", "shannon",	"somerville",
	"stokes",    "tesla",	   "thales",	   "torvalds",	  "turing",	"volta",
	"watt",	     "wiles",	   "wilkes",	   "wright",	  "yalow",	"zuse",
};

char *name_random(unsigned tries)
{
	uint32_t chance[3];

	keg_random(chance, sizeof chance);
	const char *first = adjectives[chance[0] % KEG_COUNT(adjectives)];
	const char *last = surnames[chance[1] % KEG_COUNT(surnames)];
	if (tries == 0)
		return keg_printf("%s_%s", first, last);
	return keg_printf("%s_%s%u", first, last, chance[2] % 1000);
}

static int is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int name_check(const char *name, struct keg_err *err)
{
	enum { LONGEST = 200 };
	size_t len = strlen(name);
	int ok = len > 0 && len <= LONGEST && is_alnum(name[0]);

	for (size_t i = 1; ok && i < len; i++)
		ok = is_alnum(name[i]) || strchr("_.-", name[i]) != NULL;
	if (ok)
		return 0;
	return keg_fail(err, KEG_EUSAGE,
			"running container create option: names must match "
			"[a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument");
}
