# SPDX-License-Identifier: Apache-2.0
"""The configuration to start from."""
import json
import os

import pytest


def test_a_configuration_that_is_there_is_left_alone(box):
    box.good("spec")
    done = box.kegrun("spec")
    assert done.returncode == 1 and "File config.json exists. Remove it first" in done.stderr


def test_the_bundle_may_be_elsewhere(box):
    folder = os.path.join(box.folder, "there")
    os.mkdir(folder)
    box.give(folder)
    box.good("spec", "--bundle", folder)
    assert os.listdir(folder) == ["config.json"]


@pytest.mark.parametrize("option", ["-f", "--file"])
def test_a_file_of_ones_own_is_written_over(box, option):
    for _ in range(2):
        box.good("spec", option, "mine.json")
    with open(os.path.join(box.folder, "mine.json"), encoding="utf-8") as file:
        assert json.load(file)["ociVersion"] == "1.3.0"


def test_a_link_stays_what_it_is(box):
    link = os.path.join(box.folder, "link.json")
    os.symlink("target.json", link)
    box.good("spec", "-f", link)
    assert os.path.islink(link) and os.path.exists(link)


def test_an_ordinary_users_has_his_ids(box):
    box.good("spec", "--rootless", "-f", "mine.json")
    with open(os.path.join(box.folder, "mine.json"), encoding="utf-8") as file:
        own = json.load(file)
    assert own["linux"]["uidMappings"] == [{"containerID": 0, "hostID": box.identity.uid, "size": 1}]
    assert {"type": "user"} in own["linux"]["namespaces"]
