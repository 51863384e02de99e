"""The committed stack `local` on a lab of its own, for tests to update; a module begins with its own configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import FrontDoor, open_door
from labs import Lab, running


@pytest.fixture(scope="package")
def opened(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    for lab in running(Lab("updates", state_home)):
        yield open_door(lab, tmp_path_factory.mktemp("updates"))
