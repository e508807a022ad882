# SPDX-License-Identifier: Apache-2.0
"""Hooks: their environment, their input, what they say, and how their failure ends the container."""
import json
import os
import subprocess

import pytest

OUTSIDE = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]


def hook(script, **more):
    return {"path": "/bin/sh", "args": ["sh", "-c", script], **more}


def with_hooks(**kinds):
    return lambda config: config.update(hooks={kind: [hook] for kind, hook in kinds.items()})


def writable(box, name):
    path = os.path.join(box.folder, name)
    with open(path, "w", encoding="utf-8"):
        pass
    os.chmod(path, 0o666)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_the_start_hook_has_the_programs_environment(box):
    def change(config):
        config["process"]["env"] = ["ONE=two", "PATH=/bin"]
        config["hooks"] = {"startContainer": [hook('test "$ONE" = two && test -n "$HOME" && test -z "$OTHER"')]}

    assert box.run(["true"], change, env={"OTHER": "x"}).returncode == 0


@pytest.mark.parametrize("kind", OUTSIDE)
def test_the_others_have_the_callers(box, kind):
    path = writable(box, "said")
    done = box.run(["true"], with_hooks(**{kind: hook(f'echo "$OTHER" > {path}')}), env={"OTHER": "x"})
    assert done.returncode == 0 and read(path) == "x\n"


@pytest.mark.parametrize("kind", OUTSIDE + ["startContainer"])
def test_an_environment_of_its_own_replaces_it(box, kind):
    # Without /dev of the host a hook in the container can tell by its status only.
    script = 'test "$A" = b && test -z "$OTHER"'
    done = box.run(["true"], with_hooks(**{kind: hook(script, env=["A=b"])}), env={"OTHER": "x"})
    assert done.returncode == 0 and "hook" not in done.stderr


@pytest.mark.parametrize("kind,status", [("prestart", "creating"), ("createRuntime", "creating"),
                                         ("createContainer", "creating"), ("poststart", "running"),
                                         ("poststop", "stopped")])
def test_the_state_comes_on_stdin(box, kind, status):
    path = writable(box, "state.json")
    done = box.run(["true"], with_hooks(**{kind: hook(f"cat > {path}")}))
    assert done.returncode == 0
    state = json.loads(read(path))
    assert state["status"] == status and os.path.isfile(os.path.join(state["bundle"], "config.json"))


def test_what_they_say_goes_to_files_of_the_annotations(box):
    out, err = writable(box, "out"), writable(box, "err")

    def change(config):
        config["annotations"] = {"run.oci.hooks.stdout": out, "run.oci.hooks.stderr": err}
        config["hooks"] = {kind: [hook(f"echo {kind}; echo {kind}! >&2")] for kind in OUTSIDE + ["startContainer"]}

    assert box.run(["true"], change).returncode == 0
    order = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    assert read(out).split() == order
    assert read(err).split() == [kind + "!" for kind in order]


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"])
def test_a_failure_is_said_and_leaves_nothing(box, kind):
    def change(config):
        config["hooks"] = {kind: [{"path": "/bin/true"}, hook("echo why; exit 3")]}

    done = box.run(["sleep", "60"], change)
    assert done.returncode == 1
    assert f"error running {kind} hook #1: error running hook: exit status 3, stdout: why" in done.stderr
    assert not box.kegrun("list", "-q").stdout.split()


def test_a_failure_after_the_start_deletes_the_container(box):
    path = box.bundle(["sleep", "60"], with_hooks(poststart={"path": "/bin/false"}))
    name = os.path.basename(path)
    box.good("create", "-b", path, name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = box.kegrun("start", name)
    assert done.returncode == 1 and "error running poststart hook #0" in done.stderr
    assert not box.kegrun("list", "-q").stdout.split()


def test_one_that_takes_too_long_is_killed(box):
    done = box.run(["true"], with_hooks(createRuntime=hook("sleep 60", timeout=1)))
    assert done.returncode == 1 and "hook ran past specified timeout of 1s" in done.stderr


def test_after_the_end_a_failure_is_a_warning_and_the_rest_runs(box):
    path = writable(box, "said")

    def change(config):
        config["hooks"] = {"poststop": [hook("exit 3"), hook(f"echo second > {path}"), {"path": "/none"}, hook(f"echo last >> {path}")]}

    done = box.run(["true"], change)
    assert done.returncode == 0 and read(path) == "second\nlast\n"
    assert "level=warning" in done.stderr and "poststop hook #0: error running hook: poststop hook failed with exit code 3" in done.stderr
    assert "poststop hook #2" in done.stderr
    assert not box.kegrun("list", "-q").stdout.split()
