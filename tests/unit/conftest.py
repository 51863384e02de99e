"""The shop's stand-ins for the tests that talk to them, and a project for those of releases."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lab.images.image_store import ImageStore
from ops.cli import app
from ops.pulumi import engine
from tests.support.unit.image_registry_fakes import ImageRegistry
from tests.support.unit.image_registry_fakes import image_registry as serve_images
from tests.support.unit.release_fakes import Project, Run
from tests.support.unit.standin_shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop")).start()
    # The first request opens the connections, which can take longer than the frontend waits for an ad.
    shop.ask("GET", "/")
    yield shop
    shop.close()


@pytest.fixture
def new_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Return `new_shop(versions={}, extra={})`, a shop of which nothing runs yet."""
    shops: list[Shop] = []

    def new(versions: dict[str, str] | None = None, extra: dict[str, dict[str, str]] | None = None) -> Shop:
        shops.append(Shop(tmp_path, versions or {}, extra or {}))
        return shops[-1]

    yield new
    for shop in shops:
        shop.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "project").mkdir()
    made = Project(tmp_path / "project")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(engine, "run", made.run)
    monkeypatch.setattr(engine, "list_stacks", made.list_stacks)
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def run(project: Project) -> Run:
    def invoke(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, f"{done.output}{done.exception!r}"
        workspaces = Path(os.environ["XDG_STATE_HOME"], "boutique", "workspaces")
        assert list(workspaces.glob("*")) == []
        assert not list(project.folder.glob(".Pulumi*"))
        return done

    return invoke


@pytest.fixture
def docker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's `docker login`, without any."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker"


@pytest.fixture
def image_registry() -> Iterator[ImageRegistry]:
    with serve_images() as running:
        yield running


@pytest.fixture
def image_store(tmp_path: Path) -> ImageStore:
    """The cache of images in folder `images`."""
    return ImageStore(tmp_path / "images")
