"""The committed stack `local` on a lab of its own, for tests to update; a module begins with its own configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.local_updates import IngressEnvironment, deploy_ingress


@pytest.fixture(scope="package")
def ingress_lab(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngressEnvironment]:
    for lab in running(Lab("updates", state_home)):
        yield deploy_ingress(lab, tmp_path_factory.mktemp("updates"))
