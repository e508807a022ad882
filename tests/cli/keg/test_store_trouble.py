# SPDX-License-Identifier: Apache-2.0
"""A store on a full disk, a read-only one, another user's, with a torn list: one line that says what to do, nothing lost."""
import os
import subprocess

import pytest

from kegtool import Identity, Keg

TORN = ["overlay-layers/layers.json", "overlay-images/images.json"]


def mount(*argv):
    done = subprocess.run(["mount", *argv], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mount: {done.stderr.strip()}")


@pytest.fixture
def place():
    """keg as root with a store in a folder that is mounted upon; unmounted at the end."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    who = Identity("root")
    folder = os.path.join(who.home, "files", "disk")
    os.mkdir(folder)
    yield Keg(who, os.path.join(folder, "root")), folder
    subprocess.run(["umount", "-l", folder], stderr=subprocess.DEVNULL, check=False)
    who.close()


def one_line_and_a_hint(done):
    lines = done.err.splitlines()
    assert len(lines) == 2 and lines[0].startswith("Error: ") and lines[1].startswith("hint: "), done
    return done.err


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def test_a_pull_onto_a_full_disk_leaves_nothing(place):
    keg, disk = place
    mount("-t", "tmpfs", "-o", "size=1500k", "tmpfs", disk)
    with pytest.raises(AssertionError, match="no space left on device\n.*hint: Make room on the file system of"):
        keg.import_busybox("localhost/a:1")
    assert keg("images", "-q").out == ""
    assert keg("system", "check").out == ""
    assert not [name for name in files_below(disk) if "busybox" in name]


def test_on_a_full_disk_an_image_can_be_removed(place):
    keg, disk = place
    mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", disk)
    for n in range(3):
        keg.import_busybox(f"localhost/a:{n}", "--change", f"LABEL n={n}")
    keg("images")
    with open(os.path.join(disk, "fill"), "wb", buffering=0) as fill, pytest.raises(OSError):
        while True:
            fill.write(bytes(4096))
    assert len(keg("images", "-q").lines) == 3
    keg("rmi", "localhost/a:1")
    assert keg("images", "--format", "{{.Tag}}").lines == ["2", "0"]
    assert keg("system", "check").out == ""


def test_a_read_only_store_is_read_and_says_how_to_run_its_images(place):
    keg, disk = place
    mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", disk)
    keg.import_busybox("localhost/a:1")
    mount("-o", "remount,ro", disk)
    assert keg("images", "--format", "{{.Tag}}").lines == ["1"]
    assert keg("image", "inspect", "--format", "{{.RepoTags}}", "localhost/a:1").out == "[localhost/a:1]\n"
    for words in (["tag", "localhost/a:1", "b"], ["rmi", "localhost/a:1"], ["run", "--rm", "localhost/a:1", "true"],
                  ["create", "localhost/a:1", "true"]):
        assert "additionalimagestore=" in one_line_and_a_hint(keg.fails(*words)) or words[0] == "rmi"
    other = Keg(keg.identity, os.path.join(keg.identity.home, "files", "other"))
    option = ["--storage-opt", f"additionalimagestore={keg.root}"]
    assert other(*option, "run", "--rm", "--network=none", "localhost/a:1", "echo", "runs").out == "runs\n"
    assert other(*option, "images", "--format", "{{.Tag}} {{.ReadOnly}}").lines == ["1 true"]
    assert "read-only image" in other.fails(*option, "rmi", "localhost/a:1").err


@pytest.mark.parametrize("name", TORN)
@pytest.mark.parametrize("how", ["truncated", "not a list"])
def test_a_torn_list_is_named_and_nothing_is_changed(fresh, name, how):
    fresh.import_busybox("localhost/a:1")
    path = os.path.join(fresh.root, name)
    with open(path, encoding="utf-8") as file:
        good = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(good[:100] if how == "truncated" else '{"a": 1}')
    before = files_below(fresh.root)
    for words in (["images"], ["run", "--rm", "localhost/a:1", "true"], ["rmi", "localhost/a:1"],
                  ["system", "check", "--repair"], ["system", "df"], ["system", "prune", "-f"]):
        said = one_line_and_a_hint(fresh.fails(*words))
        assert name in said and "move it away" in said, said
    assert files_below(fresh.root) == before
    with open(path, "w", encoding="utf-8") as file:
        file.write(good)
    assert fresh("run", "--rm", "--network=none", "localhost/a:1", "echo", "whole").out == "whole\n"


def test_the_store_of_another_user_is_refused_with_a_hint(place):
    keg, _ = place
    keg.import_busybox("localhost/a:1")
    os.chmod(os.path.join(keg.root), 0o700)
    who = Identity("user")
    try:
        stranger = Keg(who, keg.root)
        assert "is not yours" in one_line_and_a_hint(stranger.fails("images"))
    finally:
        who.close()
