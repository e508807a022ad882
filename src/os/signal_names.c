/* SPDX-License-Identifier: Apache-2.0 */
#include "os/signal_names.h"

#include <signal.h>
#include <strings.h>

#include "base/num.h"
#include "base/strv.h"

static const struct {
	const char *name;
	int sig;
} names[] = {
	{ "ABRT", SIGABRT }, { "ALRM", SIGALRM },     { "BUS", SIGBUS },       { "CHLD", SIGCHLD },
	{ "CONT", SIGCONT }, { "FPE", SIGFPE },	      { "HUP", SIGHUP },       { "ILL", SIGILL },
	{ "INT", SIGINT },   { "IO", SIGIO },	      { "IOT", SIGIOT },       { "KILL", SIGKILL },
	{ "PIPE", SIGPIPE }, { "POLL", SIGPOLL },     { "PROF", SIGPROF },     { "PWR", SIGPWR },
	{ "QUIT", SIGQUIT }, { "SEGV", SIGSEGV },     { "STKFLT", SIGSTKFLT }, { "STOP", SIGSTOP },
	{ "SYS", SIGSYS },   { "TERM", SIGTERM },     { "TRAP", SIGTRAP },     { "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },     { "URG", SIGURG },       { "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 }, { "VTALRM", SIGVTALRM }, { "WINCH", SIGWINCH },   { "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
};

/* "RTMIN", "RTMIN+3", "RTMAX-2": 0 when it is none of them. */
static int parse_realtime(const char *name)
{
	int base = strncasecmp(name, "RTMIN", 5) == 0	? SIGRTMIN
		   : strncasecmp(name, "RTMAX", 5) == 0 ? SIGRTMAX
							: 0;
	struct keg_err err;
	uint32_t step = 0;

	if (base == 0 || (name[5] && name[5] != (base == SIGRTMIN ? '+' : '-')))
		return 0;
	if (name[5] &&
	    (keg_parse_u32(name + 6, &step, &err) < 0 || step > (uint32_t)(SIGRTMAX - SIGRTMIN)))
		return 0;
	return base == SIGRTMIN ? base + (int)step : base - (int)step;
}

int signal_parse(const char *text, struct keg_err *err)
{
	struct keg_err ignored;
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int sig;

	if (keg_parse_int(text, &sig, &ignored) >= 0 && sig >= 1 && sig <= SIGRTMAX)
		return sig;
	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].sig;
	}
	sig = parse_realtime(name);
	return sig > 0 ? sig : keg_fail(err, KEG_EUSAGE, "invalid signal: %s", text);
}

const char *signal_name(int sig)
{
	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (names[i].sig == sig)
			return names[i].name;
	}
	return NULL;
}
