"""The committed stack `local` on a lab: tests look at it, and deploy features beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.developer_machines import DeveloperMachine, machine
from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.local_stack import LocalDeployment, deploy
from tests.support.lab.shop_environments import Shop


@pytest.fixture(scope="package")
def lab(state_home: Path) -> Iterator[Lab]:
    yield from running(Lab("local", state_home))


@pytest.fixture(scope="package")
def local(lab: Lab) -> LocalDeployment:
    """The stack: not to be changed."""
    return deploy(lab)


@pytest.fixture(scope="package")
def shop(lab: Lab, local: LocalDeployment, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Its environment, for features of its own."""
    assert local.output
    return Shop.of_lab(lab, tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="package")
def developer_machine(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> DeveloperMachine:
    """A machine with the command."""
    return machine(shop, tmp_path_factory.mktemp("here"))


@pytest.fixture
def elsewhere(shop: Shop, tmp_path: Path) -> DeveloperMachine:
    """Another machine with the same backend."""
    return machine(shop, tmp_path)


@pytest.fixture
def nothing_left(developer_machine: DeveloperMachine) -> Iterator[None]:
    """After the test all is as before: objects, stacks, the project's files."""
    objects, stacks = developer_machine.shop.objects(), developer_machine.stacks()
    files = sorted(path.name for path in developer_machine.folder.iterdir())
    yield
    assert developer_machine.shop.objects() == objects
    assert developer_machine.stacks() == stacks
    assert developer_machine.workspaces == []
    assert sorted(path.name for path in developer_machine.folder.iterdir() if path.name != "__pycache__") == files
