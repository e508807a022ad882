# SPDX-License-Identifier: Apache-2.0
"""Paths that are masked or read-only."""


def test_a_path_that_is_named_twice_is_covered_once(box):
    def change(config):
        config["linux"]["maskedPaths"] += ["/etc", "/tmp", "//etc/", "/tmp"]
        config["linux"]["readonlyPaths"] += ["/bin", "/bin/"]
    done = box.run(["sh", "-c", "for p in /etc /tmp /bin; do grep -c \" $p \" /proc/self/mounts; done"], change)
    assert done.stdout.split() == ["1", "1", "1"], done


def test_masked_folders_share_one_file_system(box):
    done = box.run(["stat", "-c", "%d", "/etc", "/tmp"], lambda c: c["linux"]["maskedPaths"].extend(["/etc", "/tmp"]))
    assert len(set(done.stdout.split())) == 1, done


def test_what_is_not_there_is_passed_over(box):
    def change(config):
        config["linux"]["maskedPaths"] += ["/nowhere", "/bin/sh/below"]
        config["linux"]["readonlyPaths"] += ["/nowhere"]
    assert box.run(["true"], change).returncode == 0
