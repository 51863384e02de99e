"""A lab on which no stack is deployed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.lab_commands import Lab, running


@pytest.fixture(scope="package")
def lab(state_home: Path) -> Iterator[Lab]:
    """The lab, which tests leave running and as clean as it was."""
    yield from running(Lab("default", state_home))
