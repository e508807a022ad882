# SPDX-License-Identifier: Apache-2.0
"""What scripts that were written for Podman rely on in passing."""
import pytest

from kegtool import IMAGE, Keg


def test_global_options_stand_after_the_command_too(identity, store):
    elsewhere = Keg(identity)
    elsewhere.argv = lambda *words: [f"{identity.programs}/keg", *words]
    where = ("--root", store.root, "--runroot", store.runroot)
    assert elsewhere("run", "--rm", *where, IMAGE, "echo", "hi").out == "hi\n"
    assert elsewhere("images", "-q", *where).out == store("images", "-q").out
    done = store.fails("run", "--rm", "--runtime", "/nowhere/runtime", IMAGE, "true")
    assert "/nowhere/runtime" in done.err
    assert "unknown flag: --version" in store.fails("images", "--version").err
    # After the image they belong to the container's command.
    assert store("run", "--rm", IMAGE, "echo", "--root", "x").out == "--root x\n"


def test_who_is_named_has_his_own_group(keg):
    """CVE-2022-2989: a process without its own group passes where that group is kept out."""
    for user, groups in (("5:6", ["6"]), ("root", ["0"]), (":5", ["5"]), ("guest", ["1000", "1234"])):
        status = keg("run", "--rm", "-u", user, IMAGE, "grep", "Groups", "/proc/self/status").out
        assert status.split()[1:] == groups, user


@pytest.mark.parametrize("options,message", [
    (["--cap-drop", "all", "--cap-add", "all"], "adding all caps and removing all caps not allowed"),
    (["--cap-drop", "net_raw", "--cap-add", "net_raw"], 'capability "CAP_NET_RAW" cannot be dropped and added'),
    (["--systemd", "bogus"], '--systemd values must be one of "true, false, always"'),
    (["--stop-timeout", "-5"], 'invalid argument "-5" for "--stop-timeout" flag'),
])
def test_refused_as_podman_refuses(keg, options, message):
    assert message in keg.fails("run", "--rm", *options, IMAGE, "true").err


def test_an_empty_name_is_no_name(keg):
    keg("run", "--rm", "--name", "", IMAGE, "true")


def test_a_session_that_cannot_be_made_is_255(keg):
    keg("create", "--name", "still", IMAGE, "true")
    assert "container state improper" in keg.fails("exec", "still", "true", status=255).err
    assert "non-empty command" in keg.fails("exec", "still", status=255).err
    keg.fails("exec", "bogus", "true")


def test_a_folder_that_is_not_there_is_127(keg):
    keg("run", "-d", "--name", "runs", IMAGE, "sleep", "100")
    assert "/bogus" in keg.fails("exec", "-w", "/bogus", "runs", "pwd", status=127).err


def test_a_missing_cidfile_is_an_error_of_its_own(keg):
    keg.fails("rm", "--cidfile", "/bogus")


def test_inspect_has_the_members_that_scripts_ask_for(keg):
    keg("create", "--name", "asked", IMAGE, "true")
    for field, value in (("State.Health.Status", ""), ("NetworkSettings.Gateway", ""), ("NetworkSettings.MacAddress", ""),
                         ("NetworkSettings.IPPrefixLen", "0"), ("IsService", "false"),
                         ("Config.HealthcheckOnFailureAction", "none")):
        assert keg("inspect", "--format", "{{.%s}}" % field, "asked").out == value + "\n", field


def test_columns_have_podmans_least_width(keg):
    assert keg("ps").out == "CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES\n"
    assert keg("ps", "--filter", "pod=x", "--filter", "health=healthy", "-q").out == ""


def test_exists_answers_by_its_status(keg):
    keg("create", "--name", "there", IMAGE, "true")
    assert keg("container", "exists", "there").out == keg("image", "exists", IMAGE).out == ""
    for kind in ("container", "image"):
        done = keg.attempt(kind, "exists", "bogus")
        assert (done.status, done.out, done.err) == (1, "", ""), kind


@pytest.mark.parametrize("how", [["-d"], []])
def test_process_ids_are_written_where_asked(keg, how):
    pid, monitor = keg.file("pid"), keg.file("monitor")
    keg("run", *how, "--pidfile", pid, "--conmon-pidfile", monitor, "--name", "noted", IMAGE, "sh", "-c", "sleep 0.1")
    for path in (pid, monitor):
        with open(path, encoding="ascii") as file:
            assert int(file.read()) > 1
    assert keg("inspect", "--format", "{{.PidFile}} {{.ConmonPidFile}}", "noted").out == f"{pid} {monitor}\n"


def test_a_created_container_writes_its_process_id_when_started(keg):
    pid = keg.file("later")
    keg("create", "--pidfile", pid, "--name", "later", IMAGE, "sleep", "100")
    keg("start", "later")
    with open(pid, encoding="ascii") as file:
        assert file.read() == keg("inspect", "--format", "{{.State.Pid}}", "later").out.strip()


def test_spaces_part_the_columns_of_a_table(keg):
    keg("create", "--name", "column", IMAGE, "true")
    assert keg("ps", "-a", "--format", "table {{.Names}} {{.Image}}").lines[0] == "NAMES       IMAGE"
