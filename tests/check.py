#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the lanes of tests and end with one line: N passed, N failed, N skipped.

A lane is a function that returns results. What is not a test by itself (a build, an analyser)
counts as one. Everything a lane prints goes to build-check/<lane>.log; of failures the
reason is shown.
"""
import concurrent.futures
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "build-check")
JOBS = str(os.cpu_count() or 2)
# gcc 12 takes a descriptor or list that a cleanup attribute releases for leaked; clang's analyser and
# the leak sanitizer watch over that.
ANALYZER = "-fanalyzer -Wno-analyzer-malloc-leak"
MOST_AGAIN = 10  # failed tests that get a second try; more is no accident
# Of processor time, for each target.
FUZZ_SECONDS = int(os.environ.get("KEG_FUZZ_SECONDS", "5"))
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# What privileges are given by, and what strangers send, is tried for longer.
FUZZ_LONG_SECONDS = 60
FUZZ_LONG = {"auth_file", "http_headers", "idmap", "image_config", "index", "layout", "manifest", "policy", "registries_conf",
             "runtime_config", "signature", "state", "tar_split"}


class Result:
    """One test: its name, "passed", "failed" or "skipped", and why."""

    def __init__(self, name, outcome, why=""):
        self.name, self.outcome, self.why = name, outcome, why


def run(lane, argv, timeout, env=None, cwd=ROOT):
    """Run a program into the lane's log. Returns its exit status and what it printed."""
    log = os.path.join(OUT, lane + ".log")
    try:
        done = subprocess.run(argv, cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=dict(os.environ, **(env or {})), check=False)
        status, text = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        status, text = -1, (late.stdout or b"").decode(errors="replace") + f"\nnot done after {timeout} s\n"
    with open(log, "a", encoding="utf-8") as to:
        to.write(f"$ {' '.join(argv)}\n{text}\n")
    return status, text


def step(lane, name, argv, timeout, env=None):
    """A program that passes when it exits 0."""
    status, text = run(lane, argv, timeout, env)
    tail = "\n".join(line for line in text.splitlines() if ("error" in line.lower() or "warning" in line)
                     and not re.match(r"\d+ warnings generated|Suppressed \d+", line))[-3000:]
    return Result(name, "passed" if status == 0 else "failed", tail or text[-3000:])


def build(lane, folder, *options, env=None, targets=()):
    """Configure and build the targets or all; the log keeps the compiler's words."""
    path = os.path.join(OUT, folder)
    if not os.path.exists(os.path.join(path, "build.ninja")):
        configured = step(lane, folder + ": configure", ["meson", "setup", path, *options], 300, env)
        if configured.outcome != "passed":
            return configured
    return step(lane, folder + ": build", ["ninja", "-C", path, *targets], 1200, env)


def settled(results, retry):
    """Real time passes in tests and the machine may be busy: what failed gets one more try, alone, and is named as
    unsteady when it passes then. `retry` takes the names of those that failed and returns results."""
    failed = {r.name for r in results if r.outcome == "failed"}
    if not failed or len(failed) > MOST_AGAIN:
        return results
    again = {r.name: r for r in retry(failed)}
    for result in results:
        second = again.get(result.name)
        if result.outcome == "failed" and second and second.outcome == "passed":
            result.outcome = "passed"
            print(f"  unsteady {result.name}: passed at the second try\n    " +
                  result.why.strip()[-600:].replace("\n", "\n    "), flush=True)
    return results


def meson_tests(lane, folder, suite):
    """The results of one suite, each subtest counted."""
    path = os.path.join(OUT, folder)
    env = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}

    def once(*which):
        run(lane, ["meson", "test", "-C", path, "--no-rebuild", "--suite", suite, "--print-errorlogs", *which], 900, env)
        return meson_results(path, folder)

    def retry(failed):
        return once("--num-processes", "1", *sorted({name[len(folder) + 1:].split(": ")[0] for name in failed}))

    return settled(once(), retry) or [Result(f"{folder}: {suite}", "failed", "no test ran")]


def meson_results(path, folder):
    """The results in meson's log, with those of the subtests."""
    results = []
    for at in glob.glob(os.path.join(path, "meson-logs", "testlog.json")):
        with open(at, encoding="utf-8") as lines:
            for line in lines:
                test = json.loads(line)
                good = test["result"] in ("OK", "EXPECTEDFAIL")
                points = re.findall(r"^(ok|not ok)\b[^\n]*", test.get("stdout", ""), re.M)
                texts = [m.group(0) for m in re.finditer(r"^(?:ok|not ok)\b[^\n]*", test.get("stdout", ""), re.M)]
                name = f"{folder}/{test['name']}"
                if not points or (not good and "not ok" not in points):
                    outcome = "passed" if good else "skipped" if test["result"] == "SKIP" else "failed"
                    results.append(Result(name, outcome, test.get("stderr", "")[-2000:]))
                for text in texts if points else []:
                    outcome = "failed" if text.startswith("not ok") else "skipped" if "# SKIP" in text else "passed"
                    point = re.sub(r"^(not )?ok( \d+)?( - )?", "", text)
                    results.append(Result(f"{name}: {point}", outcome, test.get("stderr", "")[-2000:]))
    return results


def junit(path, what):
    """The results of a JUnit file."""
    if not os.path.exists(path):
        return [Result(what, "failed", "no results were written")]
    results = []
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if bad is not None:
            results.append(Result(name, "failed", (bad.text or bad.get("message") or "")[-2000:]))
        elif skipped is not None:
            results.append(Result(name, "skipped", skipped.get("message") or ""))
        else:
            results.append(Result(name, "passed"))
    return results or [Result(what, "failed", "no test ran")]


def pytest_once(lane, tests, timeout, options, folder):
    report = os.path.join(OUT, f"{lane}.xml")
    if os.path.exists(report):
        os.unlink(report)
    argv = ["/usr/bin/python3", "-m", "pytest", "-q", "-ra", "--junitxml", report, tests, *options]
    status, text = run(lane, argv, timeout, {"KEG_BUILD": os.path.join(OUT, folder)})
    results = junit(report, lane)
    if status not in (0, 1) and not any(r.outcome == "failed" for r in results):
        results.append(Result(lane, "failed", text[-2000:]))
    return results


def pytest(lane, tests, timeout, jobs=JOBS, folder="release"):
    """The tests, with the programs of a build's folder."""
    options = ["-n", jobs, "--dist", "loadfile"] if jobs != "1" else []
    return settled(pytest_once(lane, tests, timeout, options, folder),
                   lambda failed: pytest_once(lane, tests, timeout, ["--last-failed"], folder))


def sources(*patterns):
    found = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return found.stdout.split()


def lane_format():
    """clang-format over every C file."""
    return [step("format", "clang-format", ["clang-format", "--dry-run", "-Werror", *sources("*.c", "*.h")], 300)]


def lane_build():
    """The release build with gcc, which the command tests use; the runtime is static there."""
    return [build("build", "release", "--buildtype=release", "-Db_lto=true", "-Druntime=static"),
            step("build", "kegrun starts", [os.path.join(OUT, "release", "kegrun"), "--version"], 10)]


def lane_unit():
    return [build("unit", "debug"), *meson_tests("unit", "debug", "unit")]


def lane_clang():
    return [build("clang", "clang", env={"CC": "clang"})]


def lane_sanitize():
    first = build("sanitize", "sanitize", "-Db_sanitize=address,undefined", "-Dbuildtype=debug")
    return [first, *meson_tests("sanitize", "sanitize", "unit")]


def lane_analyze():
    """gcc -fanalyzer and cppcheck."""
    return [
        build("analyze", "analyzer", "-Dc_args=" + ANALYZER, "-Druntime=shared", "-Dtests=false"),
        step("analyze", "cppcheck", ["cppcheck", "-q", "-j", JOBS, "--error-exitcode=1", "--inline-suppr",
                                     "--enable=warning,portability", "--suppress=unknownMacro", "--suppress=internalAstError",
                                     "--suppress=normalCheckLevelMaxBranches", "--std=c11", "-Isrc", "-Iinclude", "src"], 900),
    ]


def lane_tidy():
    """clang-tidy over the sources, against the clang build's commands."""
    first = build("tidy", "clang", env={"CC": "clang"})
    files = [f for f in sources("src/*.c")]
    return [first, step("tidy", "clang-tidy", ["run-clang-tidy-14", "-quiet", "-j", JOBS, "-p", os.path.join(OUT, "clang"),
                                               *files], 1500)]


class Fuzzer:
    """A fuzz target at work, from its corpus, until it has had its processor time."""

    def __init__(self, target):
        self.name = os.path.basename(target)[len("fuzz_"):]
        self.seconds = max(FUZZ_SECONDS, FUZZ_LONG_SECONDS if self.name in FUZZ_LONG else 0)
        self.end = time.monotonic() + 4 * self.seconds + 60
        corpus = os.path.join(OUT, "corpus", self.name)
        shutil.rmtree(corpus, ignore_errors=True)
        shutil.copytree(os.path.join(ROOT, "tests", "fuzz", "corpus", self.name), corpus)
        argv = [target, "-max_total_time=0", "-rss_limit_mb=1024", "-timeout=20", "-max_len=65536",
                f"-artifact_prefix={OUT}/fuzz-{self.name}-", "-print_final_stats=1", corpus]
        self.log = os.path.join(OUT, f"fuzz-{self.name}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"))

    def used(self):
        """Seconds of processor time, of this process alone."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def result(self):
        """None while it is at work."""
        if self.process.poll() is None:
            if self.used() < self.seconds and time.monotonic() < self.end:
                return None
            self.process.send_signal(signal.SIGUSR1)  # libFuzzer ends after this input
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        with open(self.log, "rb") as log:
            said = log.read()[-1500:].decode(errors="replace")
        return Result(f"fuzz {self.name}", "passed" if status == 0 else "failed", said)


def lane_fuzz():
    """Every fuzz target, some for a minute, as many at once as there are processors."""
    results = [build("fuzz", "fuzz", "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Dbuildtype=debugoptimized",
                     env={"CC": "clang"})]
    found = glob.glob(os.path.join(OUT, "fuzz", "tests", "fuzz_*"))
    waiting = sorted(target for target in found if os.access(target, os.X_OK) and os.path.isfile(target))
    running = []
    while waiting or running:
        while waiting and len(running) < int(JOBS):
            running.append(Fuzzer(waiting.pop(0)))
        time.sleep(0.2)
        done = {fuzzer: fuzzer.result() for fuzzer in running}
        results += [result for result in done.values() if result]
        running = [fuzzer for fuzzer, result in done.items() if not result]
    return results


def lane_cli():
    return pytest("cli", "tests/cli", 900)


def lane_interop():
    return pytest("interop", "tests/interop", 900)


def lane_vm():
    return pytest("vm", "tests/vm", 1500, jobs="1")


def lane_shared():
    """The runtime as it is where there is no musl, and its command tests."""
    results = [build("shared", "shared", "--buildtype=release", "-Druntime=shared", "-Dtests=false", targets=["kegrun", "kegmon"])]
    if any(r.outcome == "failed" for r in results):
        return results
    return results + pytest("shared", "tests/cli/kegrun", 400, folder="shared")


def lane_docs():
    return pytest("docs", "tests/lint", 300)


LANES = {
    "format": lane_format, "build": lane_build, "unit": lane_unit, "docs": lane_docs, "cli": lane_cli,
    "interop": lane_interop, "vm": lane_vm, "shared": lane_shared, "sanitize": lane_sanitize, "clang": lane_clang,
    "fuzz": lane_fuzz, "analyze": lane_analyze, "tidy": lane_tidy,
}
NEEDS_BUILD = {"docs", "cli", "interop", "vm"}
# No real time passes in these: they do with what the others leave of the processors.
QUIET = ("format", "clang", "analyze", "tidy", "fuzz")


def into_background():
    """This process and its children run only where nothing else wants to: their own session, as the kernel may share the
    processors out by sessions first. All of it ends with the lanes that it runs beside."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    try:
        with open("/proc/self/autogroup", "w", encoding="utf-8") as group:
            group.write("19")
    except OSError:
        pass  # a kernel without


def timed(name):
    """The results of a lane, and how long it took."""
    log = os.path.join(OUT, name + ".log")
    if os.path.exists(log):
        os.unlink(log)
    start = time.monotonic()
    return LANES[name](), time.monotonic() - start


def report(name, results, seconds, totals):
    """Print a lane's results and add them up."""
    counts = {k: sum(r.outcome == k for r in results) for k in totals}
    for key, count in counts.items():
        totals[key] += count
    print(f"{name:9} {counts['passed']:5} passed {counts['failed']:4} failed {counts['skipped']:4} skipped {seconds:6.0f} s",
          flush=True)
    for result in results:
        if result.outcome == "failed":
            print(f"  FAILED {result.name}\n    " + result.why.strip().replace("\n", "\n    "), flush=True)
    for why in sorted({f"{r.name}: {r.why}" for r in results if r.outcome == "skipped"})[:40]:
        print(f"  skipped {why[:200]}", flush=True)


def main(names):
    unknown = [n for n in names if n not in LANES]
    if unknown:
        print(f"no lane {unknown[0]}; there are: {' '.join(LANES)}", file=sys.stderr)
        return 2
    os.makedirs(OUT, exist_ok=True)
    chosen = [n for n in LANES if not names or n in names]
    if NEEDS_BUILD & set(chosen) and "build" not in chosen:
        chosen.insert(0, "build")
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    with concurrent.futures.ProcessPoolExecutor(1, initializer=into_background) as background:
        quiet = {name: background.submit(timed, name) for name in QUIET if name in chosen}
        for name in [n for n in chosen if n not in QUIET]:
            report(name, *timed(name), totals)
        for name, lane in quiet.items():
            report(name, *lane.result(), totals)
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped", flush=True)
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
