# SPDX-License-Identifier: Apache-2.0
"""start, stop, kill, wait, rm, logs, exec, attach, ps, inspect, unshare, system check."""
import json
import os
import pty
import re
import select
import signal
import time

from kegtool import IMAGE

STUBBORN = "trap '' TERM; echo up; while :; do sleep 0.1; done"
POLITE = "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done"


def detached(keg, name, script, *options):
    keg("run", "-d", "--name", name, *options, IMAGE, "sh", "-c", script)
    deadline = time.time() + 10
    while "up" not in keg("logs", name).out and "echo up" in script and time.time() < deadline:
        time.sleep(0.02)
    return name


def state(keg, name):
    return json.loads(keg("inspect", name).out)[0]["State"]


def test_stop_is_polite_first(keg):
    detached(keg, "box", POLITE)
    assert keg("stop", "box").out == "box\n"
    assert (state(keg, "box")["Status"], state(keg, "box")["ExitCode"]) == ("exited", 5)
    assert keg("stop", "box").out == "box\n", "a second time is fine"
    detached(keg, "rude", STUBBORN)
    begin = time.time()
    done = keg("stop", "-t", "1", "rude")
    assert "SIGKILL" in done.err and 0.9 < time.time() - begin < 8
    assert state(keg, "rude")["ExitCode"] == 137


def test_kill_sends_any_signal(keg):
    detached(keg, "box", "trap 'echo got' USR1; " + POLITE)
    keg("kill", "-s", "USR1", "box")
    deadline = time.time() + 5
    while "got" not in keg("logs", "box").out and time.time() < deadline:
        time.sleep(0.05)
    assert "got" in keg("logs", "box").out
    assert keg("kill", "box").out == "box\n"
    assert state(keg, "box")["ExitCode"] == 137
    keg.fails("kill", "box")
    keg.fails("kill", "-s", "NOSUCH", "box")


def test_wait_gives_the_status(keg):
    detached(keg, "box", "sleep 0.5; exit 9")
    assert keg("wait", "box").out == "9\n"
    assert keg("wait", "box").out == "9\n"
    keg("run", "-d", "--rm", "--name", "gone", IMAGE, "sh", "-c", "sleep 0.5; exit 8")
    assert keg("wait", "gone").out == "8\n"


def test_a_container_starts_again(keg):
    keg("run", "--name", "box", IMAGE, "sh", "-c", "echo again; date +%N >> /count; wc -l < /count")
    assert keg("start", "-a", "box").out == "again\n2\n"
    assert keg("start", "box").out == "box\n"
    keg("wait", "box")
    assert keg("logs", "box").out.count("again") == 3
    made = keg("create", "--name", "later", "-i", IMAGE, "cat").out.strip()
    assert keg("start", "-a", "-i", made, stdin="typed").out == "typed"


def test_rm_refuses_what_runs(keg):
    detached(keg, "box", POLITE)
    keg.fails("rm", "box", status=2)
    keg.fails("rm", "nosuch", status=1)
    assert keg("rm", "-f", "nosuch").out == ""
    assert keg("rm", "-f", "box").out == "box\n"
    keg("create", "--name", "a", IMAGE, "true")
    keg("create", "--name", "b", IMAGE, "true")
    assert sorted(keg("rm", "-a").lines) == sorted(keg("ps", "-aq").lines) or keg("ps", "-aq").out == ""
    keg("create", "--name", "v", "-v", "/anon", IMAGE, "true")
    before = len(os.listdir(f"{keg.root}/volumes"))
    keg("rm", "-v", "v")
    assert len(os.listdir(f"{keg.root}/volumes")) == before - 1


def test_logs(keg):
    detached(keg, "box", "echo one; echo two >&2; echo three; printf four; sleep 0.2; echo up")
    keg("wait", "box")
    done = keg("logs", "box")
    assert done.out == "one\nthree\nfourup\n" and done.err == "two\n"
    assert keg("logs", "--tail", "1", "box").out == "up\n" or keg("logs", "--tail", "1", "box").out == "fourup\n"
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+\S+ one\n", keg("logs", "-t", "box").out)
    assert keg("logs", "-n", "box").out.startswith("box one\n")
    assert keg("logs", "--since", "1h", "box").out.startswith("one")
    assert keg("logs", "--until", "1h", "box").out == ""
    keg.fails("logs", "--since", "yesterday-ish", "box")
    detached(keg, "slow", "for i in 1 2 3; do echo $i; sleep 0.3; done")
    assert keg("logs", "-f", "slow").out == "1\n2\n3\n"


def test_exec(keg):
    detached(keg, "box", POLITE, "-e", "OWN=1")
    assert keg("exec", "box", "echo", "hi").out == "hi\n"
    assert keg.attempt("exec", "box", "sh", "-c", "exit 3").status == 3
    env = keg("exec", "-e", "A=b", "-w", "/tmp", "-u", "guest", "box", "sh", "-c", "env; pwd; id -u").out
    assert "OWN=1" in env and "A=b" in env and env.endswith("/tmp\n1000\n")
    assert keg("exec", "-i", "box", "cat", stdin="typed").out == "typed"
    assert keg("exec", "box", "cat", stdin="typed").out == ""
    assert re.fullmatch("[0-9a-f]{64}\n", keg("exec", "-d", "box", "sh", "-c", "echo $$ > /pid; sleep 50").out)
    keg.fails("exec", "box", "nosuchcommand", status=127)
    keg.fails("exec", "box", "/etc", status=126)
    assert int(re.search(r"CapEff:\s*(\w+)", keg("exec", "--privileged", "box", "cat", "/proc/self/status").out)
               .group(1), 16) > 0x800405fb
    keg("stop", "box")
    keg.fails("exec", "box", "true", status=255)


def test_ps(keg):
    detached(keg, "runs", POLITE, "--label", "kind=x")
    keg("create", "--name", "made", IMAGE, "sleep", "1000000000000", "and", "more")
    keg.attempt("run", "--name", "done", IMAGE, "sh", "-c", "exit 3")
    heading, *rows = keg("ps", "-a").lines
    assert re.split(r"\s{2,}", heading.strip()) == ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert len(rows) == 3 and "sleep 10000000000..." in rows[1] and "Exited (3)" in rows[2]
    assert keg("ps", "--format", "{{.Names}}").out == "runs\n"
    assert keg("ps", "--noheading").out.startswith(keg("ps", "-q").out.strip())

    def names(*filters):
        return keg("ps", "-a", "--format", "{{.Names}}", *[w for f in filters for w in ("--filter", f)]).lines
    assert names("status=exited") == ["done"]
    assert names("status=created", "status=running") == ["runs", "made"]
    assert names("label=kind=x") == names("label=kind") == ["runs"]
    assert names("name=ma") == ["made"]
    assert names("exited=3") == ["done"]
    assert names("ancestor=" + IMAGE) == ["runs", "made", "done"]
    assert names("before=made") == ["runs"] and names("since=made") == ["done"]
    assert names("id=" + keg("ps", "-q").out.strip()) == ["runs"]
    assert keg("ps", "-l", "--format", "{{.Names}}").out == "done\n"
    assert keg("ps", "-n", "2", "--format", "{{.Names}}").lines == ["made", "done"]
    assert keg("ps", "-a", "--sort", "names", "--format", "{{.Names}}").lines == ["done", "made", "runs"]
    listed = keg("ps", "-a", "--format", "json").json()
    assert [c["Names"] for c in listed] == [["runs"], ["made"], ["done"]]
    assert listed[2]["ExitCode"] == 3 and listed[2]["State"] == "exited" and listed[0]["Labels"] == {"kind": "x"}
    assert re.search(r"\(virtual [0-9.]+MB\)", keg("ps", "-a", "--size").out)
    assert re.search(r"\b40\d{8}\b", keg("ps", "--ns").out)
    assert len(keg("ps", "-aq", "--no-trunc").lines[0]) == 64
    keg.fails("ps", "--filter", "nosuch=1")
    keg.fails("ps", "--sort", "nosuch")
    keg.fails("ps", "-l", "-n", "1")
    keg.fails("ps", "--format", "{{.Nope}}")


def test_inspect_knows_both_kinds(keg):
    keg("create", "--name", "box", "-v", "data:/keep", "--tmpfs", "/t", IMAGE, "echo", "x")
    box = keg("container", "inspect", "box").json()[0]
    assert (box["Path"], box["Args"], box["ImageName"]) == ("echo", ["x"], IMAGE)
    assert box["Mounts"][0]["Name"] == "data" and "/t" in box["HostConfig"]["Tmpfs"]
    assert box["Config"]["CreateCommand"][-3:] == [IMAGE, "echo", "x"]
    assert keg("inspect", "--type", "image", IMAGE).json()[0]["RepoTags"] == [IMAGE]
    assert keg("inspect", IMAGE).json()[0]["RepoTags"] == [IMAGE]
    assert "SizeRw" in keg("inspect", "--size", "box").json()[0]
    done = keg.fails("inspect", "nosuch")
    assert done.out == "[]\n"
    keg.fails("container", "inspect", IMAGE)
    keg.fails("inspect", "--type", "nosuch", "box")


def test_unshare(keg):
    if keg.is_root:
        keg.fails("unshare", "true")
        return
    assert keg("unshare", "id", "-u").out == "0\n"
    assert len(keg("unshare", "cat", "/proc/self/uid_map").lines) == 2
    keg.fails("unshare", "nosuchcommand", status=127)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, keg, *words):
        ours, theirs = pty.openpty()
        self.fd, self.text = ours, ""
        self.process = keg.start(*words, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, text, seconds=10):
        deadline = time.time() + seconds
        while text not in self.text and time.time() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.fd, 4096).decode(errors="replace")
                except OSError:
                    break
        assert text in self.text, self.text
        self.text = self.text.split(text, 1)[1]

    def end(self):
        status = self.process.wait(timeout=10)
        os.close(self.fd)
        return status


def test_a_terminal_has_a_size_and_job_control(keg):
    import fcntl
    import struct
    import termios
    term = Terminal(keg, "run", "--rm", "-it", IMAGE, "sh")
    fcntl.ioctl(term.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    term.process.send_signal(signal.SIGWINCH)
    term.type("echo re''ady\n")
    term.expect("ready")
    term.type("while [ \"$(stty size)\" != '33 99' ]; do sleep 0.1; done; echo si''zed\n")
    term.expect("sized")
    term.type("sleep 60\n")
    time.sleep(0.3)
    term.type("\x03")
    term.type("echo inter''rupted\n")
    term.expect("interrupted")
    term.type("exit 4\n")
    assert term.end() == 4


def test_detach_and_attach_again(keg):
    term = Terminal(keg, "run", "--name", "box", "-it", IMAGE, "sh")
    term.type("echo re''ady\n")
    term.expect("ready")
    term.type("\x10\x11")
    assert term.end() == 0
    assert state(keg, "box")["Status"] == "running"
    term = Terminal(keg, "attach", "--detach-keys", "x", "box")
    term.type("\necho ba''ck\n")
    term.expect("back")
    term.type("x")
    assert term.end() == 0
    term = Terminal(keg, "attach", "box")
    term.type("\nexit 6\n")
    assert term.end() == 6
    keg.fails("attach", "box")


def test_signals_reach_the_container(keg):
    process = keg.start("run", "--name", "box", IMAGE, "sh", "-c", POLITE, stdout=-1)
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 5


def test_check_finds_and_repairs_what_a_crash_left(keg):
    process = keg.start("run", "--rm", "--name", "box", IMAGE, "sh", "-c", POLITE, stdout=-1)
    assert process.stdout.readline() == b"up\n"
    shown = state(keg, "box")
    os.kill(shown["ConmonPid"], signal.SIGKILL)
    os.kill(shown["Pid"], signal.SIGKILL)
    process.kill()
    process.wait()
    half = os.path.join(keg.root, "keg", "containers", "ab" * 32)
    os.makedirs(half)
    os.symlink("ab" * 32, os.path.join(keg.root, "keg", "names", "stale"))
    found = keg.fails("system", "check").out
    assert "ab" * 32 in found
    keg("system", "check", "--repair")
    keg("system", "check")
    assert keg("ps", "-aq").out == "" and not os.path.exists(half)
    keg("create", "--name", "stale", IMAGE, "true")
