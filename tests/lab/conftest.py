"""What the tests of all labs share. A folder here has a lab, which lives while the tests of that folder run."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.work_sizes import FULL, SMALL, Size

FOLDERS = (
    *(
        "local",
        "updates",
        "kills",
        "plain",
        "ingress",
        "eks",
        "programs",
        "containers",
        "mesh",
        "standins",
        "control_plane",
        "lab",
    ),
)
"""Those that take longest come first, so that no worker has a long one left when the others are done."""
ENOUGH_INOTIFY = 256
"""For two labs with a mesh; Linux allows a user 128 instances by default."""


def pytest_xdist_auto_num_workers() -> int:
    """Run two labs at once where there is room for two."""
    most = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    return 2 if most >= ENOUGH_INOTIFY and (os.cpu_count() or 1) > 1 else 1


class FolderScheduling(LoadScopeScheduling):
    """Gives all tests of a folder, and so its lab, to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FolderScheduling:
    """Schedule by folder: `--dist=loadgroup` needs node ids that pytest 9 does not let xdist 3.8 change."""
    return FolderScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the folders in their order."""
    order = {name: number for number, name in enumerate(FOLDERS)}
    items.sort(key=lambda item: order.get(item.path.parent.name, -1))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Let Pulumi end its plugins at once, also when the tests run in the background.

    It asks them by SIGINT, which a shell has its background jobs ignore, and waits five seconds for each.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def state_home(testrun_uid: str) -> Iterator[Path]:
    """A folder for the labs of all workers, so that none takes a port of another's that is down; short, for sockets."""
    folder = Path(tempfile.gettempdir(), f"lab-{testrun_uid[:8]}")
    folder.mkdir(exist_ok=True)
    yield folder
    if not any(folder.glob("boutique/labs/*")):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def disposable_lab(state_home: Path) -> Iterator[Lab]:
    """A lab to be mistreated; it may be down when a test begins."""
    yield from running(Lab("victim", state_home))


@pytest.fixture(
    params=[pytest.param(SMALL, id="small"), pytest.param(FULL, id="full", marks=pytest.mark.soak)],
)
def size(request: pytest.FixtureRequest) -> Size:
    """How much a test does."""
    size: Size = request.param
    return size
