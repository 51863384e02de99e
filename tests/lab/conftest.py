"""The labs that tests use, and the stack that those which only look share."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import meshed
import pytest
from labs import Lab, running
from local_stack import Deployed, deploy
from machines import Machine, machine
from meshed import Mesh
from shops import Shop


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let Pulumi end its plugins at once, also for whoever runs the tests in the background.

    It asks them by SIGINT, which a shell has its background jobs ignore, and waits five seconds for each.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def shop(lab: Lab, local: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The environment of the committed stack, for features of its own."""
    assert local.said
    return Shop.on(lab, tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="session")
def here(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with the command."""
    return machine(shop, tmp_path_factory.mktemp("here"))


@pytest.fixture
def elsewhere(shop: Shop, tmp_path: Path) -> Machine:
    """Another machine with the same backend."""
    return machine(shop, tmp_path)


@pytest.fixture
def nothing_left(here: Machine) -> Iterator[None]:
    """After the test all is as before: objects, stacks, the project's files."""
    objects, stacks = here.shop.objects(), here.stacks()
    files = sorted(each.name for each in here.folder.iterdir())
    yield
    assert here.shop.objects() == objects
    assert here.stacks() == stacks
    assert here.workspaces == []
    assert sorted(each.name for each in here.folder.iterdir() if each.name != "__pycache__") == files
