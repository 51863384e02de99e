"""A lab and a project of its own, to be deployed by `make up` and killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.lab_commands import Lab
from tests.support.lab.make_up import MakeCommand


@pytest.fixture(scope="package")
def make_command(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeCommand]:
    """The project, without a lab when a test begins."""
    lab = Lab("kills", state_home)
    try:
        yield MakeCommand.of(lab, tmp_path_factory.mktemp("kills"))
    finally:
        lab.boutique("down", "--delete")
