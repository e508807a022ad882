# SPDX-License-Identifier: Apache-2.0
"""How the container's processes are scheduled: processors, policy, memory nodes, personality."""
import json
import os

import pytest

ALLOWED = ["sed", "-n", "s/^Cpus_allowed_list:.//p", "/proc/self/status"]
NODES = ["sh", "-c", "head -n 1 /proc/self/numa_maps"]


@pytest.fixture
def processors():
    """Two or more that this process may use, in ascending order."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        pytest.skip("there is one processor only")
    return usable


@pytest.fixture
def on_the_first(processors):
    """Everything that is started meanwhile inherits that it may use one processor only."""
    os.sched_setaffinity(0, processors[:1])
    yield processors
    os.sched_setaffinity(0, processors)


def listed(text):
    numbers = []
    for part in text.strip().split(","):
        low, _, high = part.partition("-")
        numbers += range(int(low), int(high or low) + 1)
    return numbers


def exec_process(box, name, **members):
    path = os.path.join(box.folder, "process.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"cwd": "/", "args": ALLOWED, **members}, file)
    return box.kegrun("--debug", "exec", "-p", path, name)


def test_the_callers_processors_are_not_inherited(box, on_the_first):
    name = box.start(["sleep", "60"])
    assert listed(box.run(ALLOWED).stdout) == on_the_first
    assert listed(box.good("exec", name, *ALLOWED)) == on_the_first


def test_the_processors_are_those_of_the_cpuset(root_box, on_the_first):
    if not os.path.isdir("/sys/fs/cgroup/cpuset"):
        pytest.skip("the cpuset controller is not here")
    second = on_the_first[1]

    def change(config):
        config["linux"]["resources"] = {"cpu": {"cpus": str(second), "mems": "0"}}

    assert listed(root_box.run(ALLOWED, change).stdout) == [second]


def test_exec_on_processors_of_the_process_file(box, processors):
    name = box.start(["sleep", "60"])
    first, second = processors[:2]
    done = exec_process(box, name, execCPUAffinity={"initial": str(first), "final": str(second)})
    assert done.returncode == 0 and listed(done.stdout) == [second]
    assert f"nsexec: affinity: {hex(1 << first)}" in done.stderr


def test_exec_on_processors_of_the_configuration(box, processors):
    second = processors[1]
    name = box.start(["sleep", "60"], lambda config: config["process"].update(execCPUAffinity={"final": str(second)}))
    assert listed(box.good("exec", name, *ALLOWED)) == [second]


@pytest.mark.parametrize("cpus", ["0-", "a", "1-0", "0-99999999"])
def test_processors_that_are_no_list_are_refused(box, cpus):
    name = box.start(["sleep", "60"])
    done = exec_process(box, name, execCPUAffinity={"final": cpus})
    assert done.returncode == 255 and "invalid execCPUAffinity" in done.stderr


def test_a_nice_value_also_in_a_user_namespace(box):
    def change(config):
        config["process"]["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
        config["process"]["ioPriority"] = {"class": "IOPRIO_CLASS_IDLE", "priority": 0}

    out = box.run(["cat", "/proc/self/stat"], change).stdout
    fields = out.rpartition(")")[2].split()
    assert fields[16] == "7" and fields[38] == "3"  # proc_pid_stat(5): nice, policy


@pytest.mark.parametrize("scheduler,problem", [
    ({"policy": ""}, "scheduler policy is required"),
    ({"policy": "SCHED_SOON"}, 'unknown scheduler policy "SCHED_SOON"'),
    ({"policy": "SCHED_OTHER", "nice": 20}, "invalid scheduler.nice: 20"),
    ({"policy": "SCHED_OTHER", "priority": 1}, "scheduler.priority can only be specified for"),
    ({"policy": "SCHED_FIFO", "runtime": 1}, "runtime/deadline/period can only be specified for"),
    ({"policy": "SCHED_DEADLINE", "deadline": 20000}, "`SCHED_DEADLINE` requires `runtime`"),
    ({"policy": "SCHED_DEADLINE", "runtime": 10000}, "`SCHED_DEADLINE` requires `deadline`"),
    ({"policy": "SCHED_DEADLINE", "runtime": 0, "deadline": 20000}, "`SCHED_DEADLINE` runtime must be greater than 0"),
    ({"policy": "SCHED_DEADLINE", "runtime": 10000, "deadline": 0}, "`SCHED_DEADLINE` deadline must be greater than 0"),
    ({"policy": "SCHED_DEADLINE", "runtime": 1023, "deadline": 20000}, "runtime (1023) must be between 1024 and"),
    ({"policy": "SCHED_DEADLINE", "runtime": 1 << 63, "deadline": 1 << 63}, "must be between 1024 and"),
    ({"policy": "SCHED_DEADLINE", "runtime": 30000, "deadline": 20000}, "runtime (30000) must be <= deadline (20000)"),
    ({"policy": "SCHED_DEADLINE", "runtime": 10000, "deadline": 30000, "period": 20000},
     "deadline (30000) must be <= period (20000)"),
    ({"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_NONE"]}, 'unknown scheduler flag "SCHED_FLAG_NONE"'),
])
def test_what_cannot_be_scheduled_is_named(box, scheduler, problem):
    done = box.run(["true"], lambda config: config["process"].update(scheduler=scheduler))
    assert done.returncode == 1 and problem in done.stderr


def test_a_deadline_and_a_cpuset_exclude_each_other(root_box, processors):
    def change(config):
        config["linux"]["resources"] = {"cpu": {"cpus": str(processors[0]), "mems": "0"}}
        config["process"]["scheduler"] = {"policy": "SCHED_DEADLINE", "runtime": 42000, "deadline": 1000000,
                                          "period": 1000000}

    if not os.path.isdir("/sys/fs/cgroup/cpuset"):
        pytest.skip("the cpuset controller is not here")
    done = root_box.run(["true"], change)
    assert done.returncode == 1 and "process scheduler can't be used together with AllowedCPUs" in done.stderr


@pytest.mark.skipif(not os.path.exists("/proc/self/numa_maps"), reason="the kernel is built without NUMA")
class TestMemoryPolicy:
    @pytest.mark.parametrize("policy,shown", [
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, "interleave:0"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "bind=static:0"),
        ({"mode": "MPOL_DEFAULT"}, "default"),
    ])
    def test_it_holds_for_run_and_exec(self, box, policy, shown):
        name = box.start(["sleep", "60"], lambda config: config["linux"].update(memoryPolicy=policy))
        assert box.good("exec", name, *NODES).split()[1] == shown
        assert box.run(NODES, lambda config: config["linux"].update(memoryPolicy=policy)).stdout.split()[1] == shown

    @pytest.mark.parametrize("policy,problem", [
        ({}, 'invalid memory policy mode ""'),
        ({"mode": "INTERLEAVE", "nodes": "0"}, 'invalid memory policy mode "INTERLEAVE"'),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["bad"]}, 'invalid memory policy flag "bad"'),
        ({"mode": "MPOL_DEFAULT", "nodes": "0-7"}, "mode requires 0 nodes but got 8"),
        ({"mode": "MPOL_BIND"}, "requires at least one node but got 0"),
        ({"mode": "MPOL_BIND", "nodes": "0-9876543210"}, "invalid memory policy nodes"),
    ])
    def test_what_is_wrong_is_named(self, box, policy, problem):
        done = box.run(["true"], lambda config: config["linux"].update(memoryPolicy=policy))
        assert done.returncode == 1 and problem in done.stderr


def test_the_personality_of_another_machine(box):
    out = box.run(["uname", "-m"], lambda config: config["linux"].update(personality={"domain": "LINUX32"})).stdout
    assert out.strip() != os.uname().machine or os.uname().machine != "x86_64"


@pytest.mark.parametrize("personality,problem", [
    ({"domain": "SOLARIS"}, "SOLARIS"),
    ({"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}, "personality flags are not supported"),
])
def test_a_personality_that_is_unknown_is_refused(box, personality, problem):
    done = box.run(["true"], lambda config: config["linux"].update(personality=personality))
    assert done.returncode == 1 and problem in done.stderr
