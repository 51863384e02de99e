"""A small mesh without the shop; what tests kill of it comes back before they end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import mesh_lab
from tests.support.lab.lab_commands import Lab
from tests.support.lab.mesh_lab import Mesh


@pytest.fixture(scope="package")
def mesh(state_home: Path) -> Iterator[Mesh]:
    yield from mesh_lab.running(Lab("mesh", state_home))
