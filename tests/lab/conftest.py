"""The labs that tests use, and the stack that those which only look share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import meshed
import pytest
from labs import Lab, running
from local_stack import Deployed, deploy
from meshed import Mesh


@pytest.fixture(scope="session")
def state_home() -> Iterator[Path]:
    """A folder of the session's own for all its labs; the tools come from the usual cache."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def lab(state_home: Path) -> Iterator[Lab]:
    """The lab that the tests of a session share: whoever uses it cleans up, and leaves it running."""
    yield from running(Lab("default", state_home))


@pytest.fixture(scope="module")
def victim(state_home: Path) -> Iterator[Lab]:
    """A lab to be mistreated; it may be down when a test begins."""
    yield from running(Lab("victim", state_home))


@pytest.fixture(scope="session")
def local(lab: Lab) -> Deployed:
    """The committed stack on the lab that all tests share: not to be changed."""
    return deploy(lab)


@pytest.fixture(scope="session")
def watched(state_home: Path) -> Iterator[Mesh]:
    """A small mesh that tests look at: whatever they kill of it comes back before they end."""
    yield from meshed.running(Lab("watched", state_home))
