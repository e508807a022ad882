# SPDX-License-Identifier: Apache-2.0
"""system df, system prune, image prune, rmi --force, and what system check finds in layers."""
import glob
import json
import os

import pytest


@pytest.fixture
def layered(fresh):
    """Two images of one base: localhost/base:1, and the same with another command, without a name."""
    fresh.import_busybox("localhost/base:1")
    yield fresh


def image_id(keg, name):
    return keg("images", "-q", "--no-trunc", name).lines[0].removeprefix("sha256:")


def summary(keg):
    return {row["Type"]: row for row in keg("system", "df", "--format", "json").json()}


def test_the_summary_counts_what_is_there(layered):
    empty = summary(layered)
    assert [empty[t]["Total"] for t in ("Images", "Containers", "Local Volumes")] == [1, 0, 0]
    image = layered("images", "--format", "json").json()[0]["Size"]
    assert empty["Images"]["RawSize"] == empty["Images"]["RawReclaimable"] == image
    assert empty["Images"]["Reclaimable"].endswith(" (100%)")
    layered("run", "--name", "box", "-v", "data:/data", "localhost/base:1", "sh", "-c",
            "head -c 1000 /dev/zero >/tmp/file; head -c 500 /dev/zero >/data/file")
    used = summary(layered)
    assert used["Images"]["Active"] == 1 and used["Images"]["RawReclaimable"] == 0
    assert used["Containers"]["RawSize"] == used["Containers"]["RawReclaimable"] >= 1000
    assert (used["Local Volumes"]["Total"], used["Local Volumes"]["Active"], used["Local Volumes"]["RawSize"]) == (1, 1, 500)
    heading, *rows = layered("system", "df").lines
    assert heading.split() == ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"] and len(rows) == 3
    assert layered("system", "df", "--format", "{{.Type}}:{{.Total}}").lines == ["Images:1", "Containers:1", "Local Volumes:1"]


def test_the_details_name_each_thing(layered):
    layered("tag", "localhost/base:1", "localhost/other:2")
    layered("run", "--name", "box", "-v", "data:/data", "localhost/base:1", "true")
    text = layered("system", "df", "-v").out
    assert "SHARED SIZE" in text and "UNIQUE SIZE" in text and "LOCAL VOLUMES" in text and "VOLUME NAME" in text
    rows = [line.split() for line in text.splitlines() if line.startswith("localhost/")]
    assert {(r[0], r[1], r[-1]) for r in rows} == {("localhost/base", "1", "1"), ("localhost/other", "2", "1")}
    assert any(line.split()[-1:] == ["box"] and "exited" in line for line in text.splitlines())
    assert any(line.split()[:2] == ["data", "1"] for line in text.splitlines())
    assert "cannot combine" in layered.fails("system", "df", "-v", "--format", "json").err


def test_image_prune_takes_what_has_no_name_and_by_all_what_has_no_container(layered):
    base = image_id(layered, "localhost/base:1")
    layered.import_busybox("localhost/base:1", "--change", "CMD true")
    assert layered("image", "prune", "-f").lines == [base]
    now = image_id(layered, "localhost/base:1")
    layered("create", "--name", "box", "localhost/base:1", "true")
    assert layered("image", "prune", "-a", "-f").out == ""
    layered("rm", "box")
    assert layered("image", "prune", "-a", "-f", "--filter", "label=nosuch").out == ""
    assert layered("image", "prune", "-a", "-f", "--filter", "until=1h").out == ""
    assert layered("image", "prune", "-a", "-f", "--filter", "label!=nosuch").lines == [now]
    assert layered("images", "-q").out == ""
    assert "not a filter" in layered.fails("image", "prune", "-f", "--filter", "dangling=true").err


def test_prune_asks_first(layered):
    asked = layered("image", "prune", "-a", stdin="n\n")
    assert "WARNING! This command removes all images without at least one container" in asked.out
    assert layered("images", "-q").out
    layered.fails("image", "prune", "-a")  # nobody answers
    layered("image", "prune", "-a", stdin="y\n")
    assert layered("images", "-q").out == ""


def test_system_prune_takes_containers_images_and_by_volumes_those(layered):
    layered("run", "--name", "done", "-v", "data:/data", "--label", "keep=no", "localhost/base:1", "true")
    layered("create", "--name", "kept", "--label", "keep=yes", "localhost/base:1", "true")
    layered("run", "-d", "--name", "runs", "localhost/base:1", "sleep", "1000")
    out = layered("system", "prune", "-f", "--filter", "label=keep=no").out
    assert out.startswith("Deleted Containers\n") and "Total reclaimed space: " in out
    assert set(layered("ps", "-a", "--format", "{{.Names}}").lines) == {"kept", "runs"}
    layered("system", "prune", "-f", "--volumes")
    assert layered("ps", "-a", "--format", "{{.Names}}").lines == ["runs"]
    assert summary(layered)["Local Volumes"]["Total"] == 0
    layered("rm", "-f", "-t", "0", "runs")
    out = layered("system", "prune", "-a", "-f").lines
    assert "Deleted Images" in out and layered("images", "-q").out == ""
    assert "cannot be combined" in layered.fails("system", "prune", "--external", "-a").err
    assert layered("system", "prune", "--external").out == ""


def test_volumes_of_others_and_those_in_use_stay(layered):
    layered("create", "--name", "box", "-v", "mine:/data", "localhost/base:1", "true")
    layered("run", "-d", "--name", "runs", "-v", "used:/data", "localhost/base:1", "sleep", "1000")
    os.makedirs(os.path.join(layered.root, "volumes", "foreign", "_data"))
    layered("system", "prune", "-f", "--volumes")
    assert sorted(os.listdir(os.path.join(layered.root, "volumes"))) == ["foreign", "used"]


def test_rmi_by_force_takes_the_containers_along(layered):
    layered("run", "-d", "--name", "runs", "localhost/base:1", "sleep", "1000")
    assert "in use by a container" in layered.fails("rmi", "localhost/base:1", status=2).err
    layered("rmi", "-f", "localhost/base:1")
    assert layered("ps", "-a", "-q").out == "" and layered("images", "-q").out == ""


def test_a_container_that_ended_at_once_keeps_its_image(layered):
    layered("run", "--name", "short", "--network=none", "localhost/base:1", "true")
    layered.fails("run", "--name", "failed", "--network=none", "localhost/base:1", "/nosuch", status=127)
    assert "in use by a container" in layered.fails("rmi", "localhost/base:1", status=2).err
    layered("rm", "short")
    layered("rm", "-f", "failed")
    layered("rmi", "localhost/base:1")


def damage(keg):
    """Change a file of a layer, of which the lists cannot know."""
    path = glob.glob(os.path.join(keg.root, "overlay", "*", "diff", "etc", "passwd"))[0]
    with open(path, "a", encoding="utf-8") as to:
        to.write("changed\n")


def test_check_reads_the_layers_and_repair_removes_the_image(layered):
    assert layered("system", "check").out == ""
    damage(layered)
    assert layered("system", "check", "--quick").out == ""
    found = layered.fails("system", "check")
    assert "damaged image" in found.out and "damaged layer" in found.out
    assert "damaged image (repaired)" in layered("system", "check", "--repair").out
    assert layered("images", "-q").out == "" and layered("system", "check").out == ""


def test_a_damaged_image_in_use_goes_only_by_force(layered):
    layered("create", "--name", "box", "localhost/base:1", "true")
    damage(layered)
    assert "force" in layered.fails("system", "check", "--repair").err
    assert layered("ps", "-a", "-q").out
    layered("system", "check", "--force")
    assert layered("ps", "-a", "-q").out == "" and layered("images", "-q").out == ""


def test_layers_of_no_image_go_with_age(layered):
    lists = os.path.join(layered.root, "overlay-images", "images.json")
    with open(lists, encoding="utf-8") as file:
        image = json.load(file)[0]["id"]
    with open(lists, "w", encoding="utf-8") as file:
        json.dump([], file)
    assert "image folder without a record" in layered("system", "check", "-r").out and image
    assert layered("system", "check").out == ""
    assert "layer that nothing uses" in layered.fails("system", "check", "--max", "0s").out
    layered("system", "check", "-r", "-m", "0s")
    assert not glob.glob(os.path.join(layered.root, "overlay", "*", "diff"))
    layered.fails("system", "check", "--max", "soon")
