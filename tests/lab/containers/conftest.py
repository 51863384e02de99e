"""A small mesh whose pods run an image of the tests' own; what tests kill of it comes back before they end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.images.image_store import ImageStore
from support import paths
from tests.support.lab import image_workloads
from tests.support.lab.image_archives import COMMANDS, build_image, build_program, write_layout
from tests.support.lab.image_caches import own_cache
from tests.support.lab.image_workloads import IMAGE, ImageMesh
from tests.support.lab.lab_commands import Lab


@pytest.fixture(scope="package")
def image_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache of images, with one image in it; the tools are the user's."""
    folder = tmp_path_factory.mktemp("cache")
    program = build_program(folder)
    built = build_image(
        program,
        {"Env": ["PATH=/bin", "FROM_IMAGE=yes"], "WorkingDir": "/srv", "User": "app", "StopSignal": "SIGQUIT"},
        {"etc/passwd": "app:x:1234:1235::/home/app:/bin/sh\n", "text": "of the image", "changeable": "of the image"},
    )
    with own_cache(folder):
        ImageStore(paths.images()).load(write_layout(folder / "layout", IMAGE, built))
        yield folder


@pytest.fixture(scope="package")
def layer(image_cache: Path) -> Path:
    """A layer with the tests' program alone, by all of its names."""
    folder = image_cache / "layer"
    (folder / "bin").mkdir(parents=True)
    first, *others = COMMANDS
    (folder / "bin" / first).hardlink_to(image_cache / "program")
    for name in others:
        (folder / "bin" / name).symlink_to(first)
    return folder


@pytest.fixture(scope="package")
def mesh(state_home: Path, image_cache: Path) -> Iterator[ImageMesh]:
    assert image_cache.exists()
    yield from image_workloads.running(Lab("containers", state_home))
