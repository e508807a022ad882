# SPDX-License-Identifier: Apache-2.0
"""The vm lane: what is in guest/ runs inside the virtual machine; see test_guest.py."""
import pytest

import uml

collect_ignore = ["guest"]


def pytest_collection_modifyitems(items):
    reason = uml.unavailable()
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))
