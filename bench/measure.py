# SPDX-License-Identifier: Apache-2.0
"""Measuring two programs alternately in one run, so that both meet the same machine."""
import os
import signal
import statistics
import time

DEVNULL = os.open(os.devnull, os.O_RDWR)
PATIENCE = 300


class Failed(Exception):
    """A command under measure did not succeed: its time would mean nothing."""


class TooLate(Exception):
    pass


def _too_late(_signal, _frame):
    raise TooLate


def once(argv, env):
    """Seconds from start to end of a command. posix_spawn costs the same for any size of ours."""
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(PATIENCE)
    start = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, env, file_actions=[(os.POSIX_SPAWN_DUP2, DEVNULL, fd) for fd in (0, 1, 2)])
    try:
        _, status = os.waitpid(pid, 0)
    except TooLate:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise Failed(f"{' '.join(argv)}: not done in {PATIENCE} s") from None
    finally:
        signal.alarm(0)
    spent = time.perf_counter() - start
    if status != 0:
        raise Failed(f"{' '.join(argv)}: exit status {os.waitstatus_to_exitcode(status)}")
    return spent


def alternate(commands, env, rounds, before=None, warm_up=1):
    """Median seconds of each of {name: argv}. `before(name)` prepares a run and is not measured."""
    spent = {name: [] for name in commands}
    for turn in range(rounds + warm_up):
        for name, argv in commands.items():
            if before:
                before(name)
            seconds = once(argv, env)
            if turn >= warm_up:
                spent[name].append(seconds)
    return {name: statistics.median(values) for name, values in spent.items()}
