# SPDX-License-Identifier: Apache-2.0
"""What cannot be done is said in one line, with the peers' exit status, and leaves nothing behind."""
import os

import pytest

from kegtool import IMAGE

BAD_OPTIONS = [
    (["--name", "a b"], "names must match"),
    (["--name", "-x"], None),
    (["--pull", "bogus"], 'unsupported pull policy "bogus"'),
    (["--memory", "abc"], "invalid value for memory: invalid size: 'abc'"),
    (["--memory-swap", "1m"], "--memory"),
    (["--cpus", "abc"], 'invalid argument "abc" for "--cpus" flag'),
    (["--pids-limit", "x"], "--pids-limit"),
    (["--network", "bogus"], "unable to find network with name or ID bogus"),
    (["--network", "container:bogus"], "no such container"),
    (["--network", "ns:/bogus"], "/bogus"),
    (["--pid", "container:bogus"], "no container with name or ID"),
    (["--ipc", "bogus"], "unrecognized namespace mode bogus passed"),
    (["--userns", "bogus"], "unrecognized namespace mode bogus passed"),
    (["--uts", "host", "--hostname", "x"], "cannot set hostname"),
    (["--cap-add", "bogus"], '"CAP_BOGUS": unknown capability'),
    (["--ulimit", "bogus=1"], "invalid ulimit type: bogus"),
    (["--ulimit", "nofile=5:3"], "soft limit"),
    (["-v", "/bogus:/y"], "statfs /bogus: no such file or directory"),
    (["-v", "relative/x:/y"], "names must match"),
    (["-v", "a:b:c:d"], "incorrect volume format"),
    (["-v", "/tmp:/x:bogus"], 'invalid option type "bogus"'),
    (["-v", "/tmp:relative"], "must be an absolute path"),
    (["-v", "/tmp:/x", "-v", "/var:/x"], "duplicate mount destination"),
    (["--mount", "type=bogus,dst=/x"], 'invalid filesystem type "bogus"'),
    (["--mount", "type=bind,src=/tmp"], "must set volume destination"),
    (["--mount", "type=tmpfs,src=/tmp,dst=/x"], "not supported"),
    (["--tmpfs", "relative"], 'invalid container path "relative"'),
    (["--tmpfs", "/x:bogus"], "unknown mount option"),
    (["--device", "/dev/bogus"], "stat /dev/bogus: no such file or directory"),
    (["--device-cgroup-rule", "bogus"], "invalid device cgroup rule"),
    (["--env-file", "/bogus"], 'parsing env file "/bogus"'),
    (["-e", "=x"], 'invalid environment variable: "=x"'),
    (["--label", "=x"], "invalid label format"),
    (["--annotation", "x"], "annotations must be formatted KEY=VALUE"),
    (["--add-host", "bogus"], 'bad format for add-host: "bogus"'),
    (["--sysctl", "foo"], "sysctl values must be in the form of KEY=VALUE"),
    (["--security-opt", "bogus"], 'invalid --security-opt 1: "bogus"'),
    (["--security-opt", "bogus=x"], 'invalid --security-opt 2: "bogus=x"'),
    (["--security-opt", "seccomp=/bogus"], "opening seccomp profile failed"),
    (["--log-driver", "bogus"], "invalid log driver"),
    (["--log-opt", "bogus"], "invalid log option"),
    (["--restart", "bogus"], '"bogus" is not a valid restart policy'),
    (["--restart", "always"], "not supported"),
    (["--stop-signal", "FOO"], "invalid signal: FOO"),
    (["--shm-size", "x"], "unable to translate --shm-size"),
    (["--umask", "999"], "invalid umask string 999"),
    (["--tz", "bogus"], "/usr/share/zoneinfo/bogus"),
    (["--tz", "../../../etc/passwd"], "time zone"),
    (["--cgroups", "bogus"], 'invalid cgroup mode "bogus"'),
    (["--replace"], "cannot replace container without --name being set"),
    (["--detach-keys", "xx,yy"], "detach keys"),
    (["--attach", "bogus"], "invalid stream"),
    (["--init", "--init-path", "/bogus"], "container-init binary not found"),
    (["--oom-score-adj", "5000"], "--oom-score-adj"),
    (["--image-volume", "bogus"], "invalid image-volume type"),
    (["--pod", "x"], "--pod"),
    (["-p", "80:80"], "-p"),
    (["--bogus"], "unknown flag: --bogus"),
]


@pytest.mark.parametrize("options, words", BAD_OPTIONS, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_a_bad_option_is_refused(keg, options, words):
    done = keg.fails("run", "--rm", *options, IMAGE, "true")
    assert not words or words in done.err, done
    assert done.out == "" and keg("ps", "-aq").out == ""
    assert os.listdir(f"{keg.root}/keg/containers") == []


@pytest.mark.parametrize("command, status", [(["nosuchcommand"], 127), (["/nosuch/command"], 127), (["/etc"], 126),
                                             (["/etc/passwd"], 126)])
def test_a_command_that_cannot_run(keg, command, status):
    keg.fails("run", "--rm", IMAGE, *command, status=status)
    assert keg("ps", "-aq").out == ""
    keg.fails("run", "--name", "kept", IMAGE, *command, status=status)
    assert "kept" in keg("ps", "-a", "--format", "{{.Names}}").out


def test_what_the_image_lacks(keg):
    for options in (["-u", "nobody-here"], ["-u", "root:nogroup-here"], ["--group-add", "nogroup-here"], ["-w", "/nosuch"]):
        keg.fails("run", "--rm", *options, IMAGE, "true", status=126)
        assert os.listdir(f"{keg.root}/keg/containers") == []


def test_an_unknown_image(keg):
    keg.fails("run", "--rm", "--pull", "never", "localhost/nosuch", "true")
    keg.fails("run", "--rm", "nosuch-short-name", "true")
    keg.fails("run")
    keg.fails("create")


@pytest.mark.parametrize("command", ["start", "stop", "kill", "wait", "logs", "attach", "inspect", "exec"])
def test_an_unknown_container(keg, command):
    more = ["true"] if command == "exec" else []
    done = keg.fails(command, "nosuch", *more)
    assert "no such container" in done.err or "no such object" in done.err
    if command != "exec":
        keg.fails(command)


def test_other_programs_that_are_not_there(keg):
    assert "nosuch" in keg.fails("--runtime", "nosuch", "run", "--rm", IMAGE, "true").err
    assert "/nosuch" in keg.fails("--conmon", "/nosuch", "run", "--rm", IMAGE, "true").err
    keg.fails("--cgroup-manager", "nosuch", "run", "--rm", IMAGE, "true")


def test_a_broken_configuration_names_its_file(keg):
    path = keg.file("containers.conf", "[containers]\npids_limit = \"many\"\n")
    assert path in keg.fails("run", "--rm", IMAGE, "true", env={"CONTAINERS_CONF": path}).err
    path = keg.file("containers.conf", "[containers\n")
    assert path in keg.fails("ps", env={"CONTAINERS_CONF": path}).err


def test_containers_conf_is_honoured(keg):
    path = keg.file("containers.conf", "[containers]\nenv = [\"FROM_CONF=1\"]\numask = \"0077\"\n"
                                       "default_capabilities = [\"CHOWN\"]\n")
    out = keg("run", "--rm", IMAGE, "sh", "-c", "echo $FROM_CONF; umask; grep CapEff /proc/self/status",
              env={"CONTAINERS_CONF_OVERRIDE": path}).out.split()
    assert out == ["1", "0077", "CapEff:", "0000000000000001"]
