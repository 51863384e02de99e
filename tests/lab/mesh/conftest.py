"""A small mesh without the shop; what tests kill of it comes back before they end."""

from collections.abc import Iterator
from pathlib import Path

import meshed
import pytest
from labs import Lab
from meshed import Mesh


@pytest.fixture(scope="package")
def mesh(state_home: Path) -> Iterator[Mesh]:
    yield from meshed.running(Lab("mesh", state_home))
