# SPDX-License-Identifier: Apache-2.0
"""Waiting for what has no event of its own."""
import time


def wait_for(check, what, seconds=10):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)
