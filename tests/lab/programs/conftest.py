"""A lab that runs an application from images: programs in two languages with OpenTelemetry, and a real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import image_registry, program_lab
from tests.support.lab.image_caches import own_cache
from tests.support.lab.image_registry import Registry
from tests.support.lab.lab_commands import Lab
from tests.support.lab.program_lab import Programs


@pytest.fixture(scope="package")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with image_registry.basic(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture(scope="package")
def programs(state_home: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """The application: not to be changed but by tests that change it back."""
    lab = Lab("programs", state_home)
    with own_cache(tmp_path_factory.mktemp("cache")):
        try:
            lab.boutique("up", "--containers", "images")
            yield program_lab.deploy(lab, registry, tmp_path_factory.mktemp("project"))
        finally:
            lab.boutique("down", "--delete")
