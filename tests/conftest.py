# SPDX-License-Identifier: Apache-2.0
"""What all command tests share."""
from registry_fixture import docker_registry, faulty_registry, registry_probe  # noqa: F401
