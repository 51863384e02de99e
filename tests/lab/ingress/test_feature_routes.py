"""Where VirtualServices route, the environment sends testers to the features that its stack names."""

from pathlib import Path
from typing import Any

import pytest

from boutique.settings.ingress_settings import VIRTUAL_SERVICE
from tests.support.lab.cluster_objects import deployments
from tests.support.lab.lab_commands import eventually
from tests.support.lab.lab_stacks import Stack, project
from tests.support.lab.local_updates import IngressEnvironment
from tests.support.lab.misdirected_requests import VERSIONS, browse
from tests.support.lab.shop_environments import BASELINE, HOST, Shop

pytestmark = pytest.mark.lab

VARY = "Cookie, boutique-feature"


@pytest.mark.parametrize("api", [VIRTUAL_SERVICE], indirect=True, scope="package")
def test_where_virtual_services_route_the_environment_sends_testers(
    ingress: IngressEnvironment, tmp_path: Path
) -> None:
    shop = Shop(ingress.lab, ingress.site, project(tmp_path, ingress.lab.env))
    routing = {**ingress.sections["platform"], "routing": {"api": VIRTUAL_SERVICE}}

    def configure(routes: dict[str, Any]) -> Stack:
        return ingress.configure(environment={"features": {"routes": routes}}, platform=routing)

    baseline = shop.objects()
    stack = shop.feature("new-ads", {"adservice": "0.10.7-new-ads.1"})
    output = stack.up().stdout
    assert "no requests reach the feature 'new-ads' before the stack 'local' routes it" in output
    assert {key[0] for key in shop.objects().keys() - baseline.keys()} == {"Deployment", "Service"}
    configure({"new-ads": {"services": ["adservice"], "sessions": ["tester-1"], "header": True}}).up()
    assert "no requests reach" not in stack.up("--expect-no-changes").stdout
    for host, headers in (
        (f"new-ads.{HOST}", {}),
        (HOST, {"Cookie": "shop_currency=EUR; shop_session-id=tester-1"}),
        (HOST, {"boutique-feature": "new-ads"}),
    ):
        eventually(lambda: shop.versions(host, **headers).get("adservice") == {"0.10.7-new-ads.1"}, host)  # noqa: B023
        _, answered, _ = shop.site(host).get(headers=headers)
        assert answered["cache-control"] == "no-store"
        assert answered.get("vary") == (None if host != HOST else VARY)
    _, answered, _ = ingress.site.get()
    assert (answered.get("cache-control"), answered["vary"]) == (None, VARY)
    for version in VERSIONS:
        # Both hosts are in one table of routes.
        page, again = browse(ingress.site, f"new-ads.{HOST}", version)
        assert (page.page()["baggage"], again) == ({"feature": "new-ads"}, False)
        page, again = browse(ingress.at(f"new-ads.{HOST}"), HOST, version)
        assert (page.page()["baggage"], again) == ({}, False)
    other_clients = [{"Cookie": "shop_session-id=other"}, {"baggage": "feature=new-ads"}] * 50
    assert not [client for client in other_clients if shop.versions(HOST, **client)["adservice"] != {BASELINE}]
    configure({}).up()
    stack.pulumi("destroy", "--yes", "--skip-preview")
    stack.pulumi("stack", "rm", "--yes")
    assert shop.objects().keys() == baseline.keys()
    assert deployments(ingress.lab, "local").keys() == {key[2] for key in baseline if key[0] == "Deployment"}
