# SPDX-License-Identifier: Apache-2.0
"""Reports, exit status, signals, the exit command, the client that cleans up."""
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

from monitored import KEGMON, alive, until


@pytest.mark.parametrize("command, status", [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137),
                                             ("kill -TERM $$", 143)])
def test_the_exit_status_is_recorded(monitor, command, status):
    monitor.run(command)
    assert monitor.exit_status() == status


def test_the_engine_is_told_the_pid_once(monitor):
    monitor.run("sleep 0.2")
    assert monitor.report() == {"data": int((monitor.dir / "pid").read_text())}
    assert monitor.report() is None
    assert monitor.exit_status() == 0


def test_the_first_protocol_has_its_own_key(monitor):
    monitor.run("sleep 0.2", "--api-version", "0")
    assert monitor.report() == {"pid": int((monitor.dir / "pid").read_text())}


def test_a_failing_runtime_is_reported_with_its_words(monitor):
    monitor.run("", env={"FAKE_FAIL": 'no "such"\nthing\x01'})
    assert monitor.report() == {"data": -1, "message": 'no "such"\nthing\x01'}
    assert monitor.report() is None
    until(lambda: not alive(monitor.pid()), "end")
    assert not (monitor.exits / monitor.cid).exists()
    assert not (monitor.bundle / "attach").exists()


def test_a_runtime_that_names_no_pid_is_reported(monitor):
    monitor.run("", env={"FAKE_NO_PID": "1"})
    report = monitor.report()
    assert report["data"] == -1 and "pid" in report["message"]


def test_a_silent_failure_still_has_a_message(monitor):
    monitor.run("", runtime="/bin/false")
    assert monitor.report() == {"data": -1, "message": "the runtime failed with status 1"}


def test_nothing_happens_before_the_start_pipe(monitor):
    child = monitor.run("echo hi", start_pipe=True)
    time.sleep(0.2)
    assert child.poll() is None and not (monitor.bundle / "arguments").exists()
    os.write(monitor.start_pipe, b"x")
    assert child.wait(timeout=10) == 0
    assert monitor.exit_status() == 0


def test_signals_are_passed_on(monitor):
    monitor.run("trap 'echo term; exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    until(lambda: b"ready" in monitor.log.read_bytes(), "start")
    os.kill(monitor.pid(), signal.SIGTERM)
    assert monitor.exit_status() == 5
    assert monitor.logged() == b"ready\nterm\n"


def test_killing_the_container_is_recorded(monitor):
    monitor.run("sleep 100")
    os.kill(monitor.created()["data"], signal.SIGKILL)
    assert monitor.exit_status() == 137


def test_killing_the_monitor_leaves_the_container_alone(monitor):
    monitor.run("sleep 100")
    container = monitor.created()["data"]
    os.kill(monitor.pid(), signal.SIGKILL)
    until(lambda: not alive(monitor.pid()), "end")
    assert alive(container)
    assert not (monitor.exits / monitor.cid).exists()


def test_a_timeout_kills(monitor):
    monitor.run("sleep 100", "-T", "1")
    assert monitor.exit_status() == -1


def test_orphans_are_adopted_and_reaped(monitor):
    monitor.run("(sleep 0.2 & echo $! >orphan); sleep 0.6")
    monitor.created()
    orphan = int(until(lambda: (monitor.bundle / "orphan").exists() and
                       (monitor.bundle / "orphan").read_text(), "orphan"))
    until(lambda: not pathlib.Path(f"/proc/{orphan}").exists(), "orphan reaped")
    assert monitor.exit_status() == 0


def test_a_process_that_keeps_the_pipe_open_does_not_hold_up_the_end(monitor):
    monitor.run("setsid sleep 3 & echo end")
    start = time.monotonic()
    assert monitor.exit_status() == 0
    assert time.monotonic() - start < 2
    assert monitor.logged() == b"end\n"


def test_the_runtime_gets_the_public_command_line(monitor):
    monitor.run("exit 0", "--runtime-arg", "--one", "--runtime-arg", "two", "--runtime-opt", "--three", "-s",
                "--no-pivot", "--no-new-keyring")
    monitor.exit_status()
    assert (monitor.bundle / "arguments").read_text().split("\n")[1:] == [
        "--systemd-cgroup", "--one", "two", "create", "--bundle", str(monitor.bundle), "--pid-file",
        str(monitor.dir / "pid"), "--no-pivot", "--no-new-keyring", "--three", monitor.cid]


def test_an_exec_session_reports_its_end(monitor):
    (monitor.dir / "spec").write_text("echo hi; exit 6")
    monitor.run("", "-e", "--exec-process-spec", str(monitor.dir / "spec"))
    assert monitor.report() == {"data": int((monitor.dir / "pid").read_text())}
    assert monitor.report() == {"data": 6}
    assert monitor.report() is None
    assert monitor.logged() == b"hi\n"
    assert "--detach" in (monitor.bundle / "arguments").read_text().split("\n")


def test_an_attached_exec_session_waits_for_its_client(monitor):
    (monitor.dir / "spec").write_text("echo hi")
    ours, theirs = os.pipe()
    child = monitor.run("", "-e", "--exec-process-spec", str(monitor.dir / "spec"), "--exec-attach",
                        env={"_OCI_ATTACHPIPE": str(theirs)}, fds=[theirs], start_pipe=True)
    os.close(theirs)
    os.write(monitor.start_pipe, b"x")
    assert os.read(ours, 100) == b'{"data": 0}\n'
    assert child.wait(timeout=10) == 0
    with monitor.attach(ready=False) as sock:
        assert not (monitor.bundle / "arguments").exists()
        os.write(monitor.start_pipe, b"x")
        assert sock.recv(100) == b"\x02hi\n"
        assert sock.recv(100) == b""
    os.close(ours)


def exit_command(monitor):
    return ["--exit-command", "/bin/sh", "--exit-command-arg", "-c", "--exit-command-arg",
            f"cat {monitor.exits / monitor.cid} >{monitor.dir / 'cleaned'}"]


def test_the_exit_command_runs_after_the_exit_file(monitor):
    monitor.run("exit 3", *exit_command(monitor))
    assert monitor.exit_status() == 3
    assert (monitor.dir / "cleaned").read_text() == "3"


def test_it_waits_for_the_delay(monitor):
    monitor.run("exit 3", "--exit-delay", "1", *exit_command(monitor))
    until((monitor.exits / monitor.cid).exists, "exit file")
    assert not (monitor.dir / "cleaned").exists()
    monitor.exit_status()
    assert (monitor.dir / "cleaned").exists()


@pytest.mark.parametrize("cleans", [True, False])
def test_a_client_cleans_up_unless_it_dies(monitor, cleans):
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    monitor.run("exit 3", "--keg-client-fd", str(theirs.fileno()), *exit_command(monitor), fds=[theirs.fileno()])
    theirs.close()
    assert ours.recv(100) == b"3\n"
    time.sleep(0.1)
    assert alive(monitor.pid()) and not (monitor.dir / "cleaned").exists()
    if cleans:
        ours.send(b"c")
    ours.close()
    monitor.exit_status()
    assert (monitor.dir / "cleaned").exists() == (not cleans)


def test_a_client_that_left_after_the_start_does_not_clean(monitor):
    ours, theirs = socket.socketpair()
    monitor.run("sleep 0.3; exit 4", "--keg-client-fd", str(theirs.fileno()), *exit_command(monitor), fds=[theirs.fileno()])
    theirs.close()
    ours.send(b"s")
    ours.close()
    assert monitor.exit_status() == 4
    assert (monitor.dir / "cleaned").exists()


def test_what_a_client_says_at_once_is_understood(monitor):
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    monitor.run("exit 3", "--keg-client-fd", str(theirs.fileno()), *exit_command(monitor), fds=[theirs.fileno()])
    theirs.close()
    ours.send(b"s")
    assert ours.recv(100) == b"3\n"
    ours.send(b"c")
    monitor.exit_status()
    assert not (monitor.dir / "cleaned").exists()
    ours.close()


def test_nobody_is_left_to_start_it(monitor):
    ours, theirs = socket.socketpair()
    monitor.run("sleep 1000", "--keg-client-fd", str(theirs.fileno()), *exit_command(monitor), fds=[theirs.fileno()])
    theirs.close()
    monitor.created()
    ours.close()
    assert monitor.exit_status() == 128 + signal.SIGKILL
    assert (monitor.dir / "cleaned").read_text() == "137"


def test_the_client_ends_while_the_runtime_still_creates(monitor, tmp_path):
    runtime = tmp_path / "slow"
    runtime.write_text("#!/bin/sh\nexec sleep 1000\n")
    runtime.chmod(0o755)
    ours, theirs = socket.socketpair()
    monitor.run("", "--keg-client-fd", str(theirs.fileno()), *exit_command(monitor), fds=[theirs.fileno()],
                runtime=str(runtime))
    theirs.close()
    ours.close()
    assert monitor.created()["data"] == -1
    assert monitor.exit_status() == 128 + signal.SIGKILL
    assert (monitor.dir / "cleaned").read_text() == "137"


def test_descriptors_for_the_container_are_not_kept(monitor):
    ours, theirs = os.pipe()
    monitor.run("sleep 100", fds=[theirs])
    os.close(theirs)
    monitor.created()
    assert os.read(ours, 1) == b""
    os.close(ours)


def test_readiness_is_passed_on_and_nothing_else(monitor):
    host = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    host.bind(str(monitor.dir / "host"))
    host.settimeout(10)
    monitor.run("sleep 100", "--sdnotify-socket", str(monitor.dir / "host"))
    monitor.created()
    inside = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    inside.connect(str(monitor.bundle / "notify" / "notify.sock"))
    inside.send(b"STATUS=READY=1 soon")
    inside.send(b"MAINPID=1\nREADY=1\nEXTEND_TIMEOUT_USEC=1")
    assert host.recv(1000) == b"READY=1"


def test_with_sync_nothing_forks(monitor):
    (monitor.bundle / "command.sh").write_text("exit 9")
    child = subprocess.Popen([KEGMON, *monitor.arguments("--sync")], cwd=monitor.bundle)
    assert child.wait(timeout=20) == 0
    assert int((monitor.dir / "monitor-pid").read_text()) == child.pid
    assert monitor.exit_status() == 9


def test_a_sleeping_monitor_is_small(monitor):
    """At most 150 KiB of private memory, also after it had work to do."""
    monitor.run("seq 1 200000; sleep 100")
    monitor.created()
    until(lambda: monitor.logged().endswith(b"200000\n"), "output")

    def private():
        with open(f"/proc/{monitor.pid()}/smaps_rollup", encoding="utf-8") as rollup:
            return sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
    until(lambda: private() <= 150, f"150 KiB at most, not {private()}")


@pytest.mark.parametrize("remove, add, message", [
    ("-c", [], "Container ID not provided"),
    ("-u", [], "Container UUID not provided"),
    ("-r", [], "Runtime path not provided"),
    ("-l", [], "Log driver not provided"),
    ("-r", ["-r", "/no/such"], "Runtime path /no/such is not valid"),
    ("-l", ["-l", ""], "log-path must not be empty"),
    ("-l", ["-l", "k8s-file:"], "k8s-file requires a filename"),
    ("-l", ["-l", "nosuch:x"], "No such log driver nosuch"),
    ("-l", ["-l", "/no/such/log"], "Failed to open log file /no/such/log"),
    ("-c", ["-c", "a/../b"], "has a slash"),
    (None, ["-e"], "Exec process spec path not provided"),
    (None, ["--exec-attach", "--api-version", "0"], "non-legacy exec session"),
    (None, ["--restore", "x"], "--restore"),
    (None, ["--seccomp-notify-socket", "x"], "--seccomp-notify-socket"),
    (None, ["--no-such-option"], "no-such-option"),
    (None, ["operand"], "takes no arguments"),
    (None, ["--keg-rootfs-fd", "77"], "--keg-runtime-root"),
    (None, ["--keg-client-fd", "77"], "descriptor 77 is not open"),
    (None, ["--log-tag", "t"], "doesn't support --log-tag"),
    (None, ["--log-allowlist-dir", "/usr"], "none of the folders allowed"),
])
def test_what_is_wrong_is_said_in_one_line(monitor, remove, add, message):
    arguments = monitor.arguments()
    if remove:
        at = arguments.index(remove)
        del arguments[at:at + 2]
    done = subprocess.run([KEGMON, *arguments, *add], cwd=monitor.bundle, capture_output=True, text=True, timeout=10,
                          check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("hint:")]
    assert done.returncode == 1 and len(lines) == 1, done
    assert lines[0].startswith("Error: ") and message in lines[0]
    assert not (monitor.bundle / "arguments").exists()


def test_engines_recognize_the_version():
    text = subprocess.run([KEGMON, "--version"], capture_output=True, text=True, check=True).stdout
    assert text.startswith("conmon version 2.1.6\ncommit: kegmon ")


