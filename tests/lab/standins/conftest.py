"""A mesh with the stand-ins of the tests' own application, and with a pod that belongs to none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import mesh_lab
from tests.support.lab.lab_commands import Lab
from tests.support.lab.mesh_lab import NAMESPACE, STRICT, WORKLOAD
from tests.support.lab.plain_manifests import manifests
from tests.support.unit.standin_application import DATA, everything


@pytest.fixture(scope="package")
def applications(state_home: Path) -> Iterator[Lab]:
    """Return a lab with two applications' stand-ins, of which one runs."""
    lab = Lab("standins", state_home)
    try:
        mesh_lab.start(lab, "--application", "online-boutique", "--application", str(DATA / "everything.yaml"))
        lab.kubectl("apply", "-f", "-", stdin=f"{STRICT}---{NAMESPACE}")
        lab.kubectl("apply", "-f", "-", stdin=manifests(everything(), "shop"))
        lab.kubectl("apply", "-f", "-", stdin=WORKLOAD.replace("NAME", "stranger"))
        lab.kubectl("wait", "-n", "shop", "deployment", "--all", "--for=condition=Available", "--timeout=180s")
        yield lab
    finally:
        lab.boutique("down", "--delete")
