"""The committed stack `local` with a second target behind its gateway: over to the other routing API, and back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boutique.settings.ingress_settings import GATEWAY_API, VIRTUAL_SERVICE, RoutingApi
from tests.support.certificate_samples import issue
from tests.support.lab.lab_commands import Lab, running
from tests.support.lab.lab_stacks import committed_sections
from tests.support.lab.local_updates import HOST, KINDS, OTHER, IngressEnvironment, deploy_ingress, switch, versions


@pytest.fixture(scope="package")
def ingress_lab(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngressEnvironment]:
    """The shop, and a target `other` with nothing in it."""
    folder = tmp_path_factory.mktemp("ingress")
    served = issue("served", hosts=(HOST, f"*.{HOST}", OTHER, f"*.{OTHER}"), now=datetime.now(UTC))
    chain, key = folder / "tls.crt", folder / "tls.key"
    chain.write_text(served.pem)
    key.write_text(served.key_pem())
    platform = committed_sections("local")["platform"]
    certificate = {"kind": "files", "chain": str(chain), "key": str(key)}
    for lab in running(Lab("ingress", state_home)):
        yield deploy_ingress(
            lab,
            folder,
            served.pem,
            ingress={**platform["ingress"], "certificate": certificate},
            targets={**platform["targets"], "other": {"protect": False, "host": OTHER}},
        )


@pytest.fixture(scope="package", params=[VIRTUAL_SERVICE, GATEWAY_API])
def api(ingress_lab: IngressEnvironment, request: pytest.FixtureRequest) -> RoutingApi:
    """The routing API that the shop is in; it is deployed in the Gateway API."""
    wanted: RoutingApi = request.param
    if not versions(ingress_lab.lab, KINDS[wanted], "local"):
        switch(ingress_lab, wanted)
    return wanted


@pytest.fixture
def ingress(ingress_lab: IngressEnvironment, api: RoutingApi) -> IngressEnvironment:
    assert api
    return ingress_lab
