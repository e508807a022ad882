# SPDX-License-Identifier: Apache-2.0
"""Measuring two programs alternately in one run, so that both meet the same machine."""
import dataclasses
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


@dataclasses.dataclass
class Row:
    """`target` is a ratio to the peer, or with `absolute` a number in the row's own unit."""
    unit: str
    ours: float
    peer: float | None
    target: float
    absolute: bool = False
    note: str = ""

    def met(self):
        return (self.ours if self.absolute else self.ours / self.peer) <= self.target


def _too_late(_signal, _frame):
    raise TooLate


def spawn(argv, env):
    """posix_spawn costs the same for any size of ours."""
    return os.posix_spawnp(argv[0], argv, env, file_actions=[(os.POSIX_SPAWN_DUP2, DEVNULL, fd) for fd in (0, 1, 2)])


def together(commands, env):
    """Seconds from the start of the first command to the end of the last."""
    running = {}
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(PATIENCE)
    start = time.perf_counter()
    try:
        for argv in commands:
            running[spawn(argv, env)] = argv
        while running:
            pid, status = os.waitpid(-1, 0)
            argv = running.pop(pid, None)
            if argv and status != 0:
                raise Failed(f"{' '.join(argv)}: exit status {os.waitstatus_to_exitcode(status)}")
        return time.perf_counter() - start
    except TooLate:
        raise Failed(f"{' '.join(next(iter(running.values())))}: not done in {PATIENCE} s") from None
    finally:
        signal.alarm(0)
        for pid in running:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def once(argv, env):
    """Seconds from start to end of a command."""
    return together([argv], env)


def alternate(commands, env, rounds, before=None, warm_up=1, how=once):
    """Median seconds of each of {name: what `how` takes}. `before(name)` prepares a run and is not measured."""
    spent = {name: [] for name in commands}
    for turn in range(rounds + warm_up):
        for name, argv in commands.items():
            if before:
                before(name)
            seconds = how(argv, env)
            if turn >= warm_up:
                spent[name].append(seconds)
    return {name: statistics.median(values) for name, values in spent.items()}
