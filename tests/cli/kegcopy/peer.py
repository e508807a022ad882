# SPDX-License-Identifier: Apache-2.0
"""Skopeo beside kegcopy."""
import subprocess


def skopeo(*words):
    """What it prints; any image will do."""
    done = subprocess.run(["skopeo", "--insecure-policy", *map(str, words)], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
