# SPDX-License-Identifier: Apache-2.0
"""What is below the state folder, in the forms that scripts take apart."""
import json
import os
import pwd
import subprocess


def test_a_folder_that_was_named_must_be_there(box):
    done = box.kegrun("--root", box.folder + "/none", "list")
    assert done.returncode == 1 and f"open {box.folder}/none: " in done.stderr and not done.stdout


def test_the_default_folder_may_be_missing(box):
    process = box.identity.popen([box.program, "list"], stdout=subprocess.PIPE, text=True,
                                 env={"XDG_RUNTIME_DIR": box.folder + "/none"})
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and out.split()[0] == "ID"


def test_an_empty_list_has_its_head_in_each_form(box):
    os.mkdir(box.state)
    box.give(box.state)
    assert box.good("list").split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert box.good("list", "-q") == ""
    assert box.good("list", "--format", "json") == "null\n"


def test_the_owner_is_named_in_the_list_and_not_in_the_state(box):
    name = box.start(["sleep", "60"])
    owner = pwd.getpwuid(box.identity.uid).pw_name
    assert box.good("list").splitlines()[1].split()[-1] == owner
    assert json.loads(box.good("list", "-f", "json"))[0]["owner"] == owner
    assert json.loads(box.good("state", name))["owner"] == ""


def test_one_that_cannot_be_read_does_not_hide_the_others(box):
    name = box.start(["sleep", "60"])
    broken = os.path.join(box.state, "broken")
    os.mkdir(broken)
    with open(os.path.join(broken, "state.json"), "w", encoding="utf-8") as file:
        file.write("{")
    with open(os.path.join(box.state, "stray"), "w", encoding="utf-8"):
        pass
    for path in (broken, os.path.join(broken, "state.json"), os.path.join(box.state, "stray")):
        box.give(path)
    done = box.kegrun("list", "-q")
    assert done.returncode == 0 and done.stdout == name + "\n"
    assert "load container broken: " in done.stderr and "stray" not in done.stderr


def test_an_id_may_begin_with_a_dot(box):
    box.good("run", "-d", "-b", box.bundle(["sleep", "60"]), ".hidden", stdout=subprocess.DEVNULL,
             stderr=subprocess.DEVNULL)
    assert box.good("list", "-q") == ".hidden\n"
