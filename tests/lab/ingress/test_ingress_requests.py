"""The shop's own routes in both routing APIs: who gets in, where to, and what is left outside."""

import json
import ssl
import subprocess

import pytest

from boutique.routing import route_table
from boutique.settings.ingress_settings import RoutingApi
from tests.support import online_boutique
from tests.support.lab.local_updates import KINDS, IngressEnvironment, versions
from tests.support.lab.mesh_identities import calls, curl

pytestmark = pytest.mark.lab


def test_page_comes_from_all_over_the_shop(ingress: IngressEnvironment) -> None:
    page = ingress.page()
    assert page["workload"] == "frontend"
    assert {hop["status"] for hop in page["hops"]} == {"OK"}
    assert len({hop["workload"] for hop in page["hops"]}) > 4
    assert ingress.stack.outputs()["url"] == f"https://{ingress.site.host}:{ingress.site.port}"


# http.client writes headers in Latin-1: \xff is a byte that UTF-8 never has, at which RE2 gives up (CVE-2026-73552).
@pytest.mark.parametrize(
    "baggage", ["feature=stolen,userId=alice", "feature=stolen,userId=\xff", "\xff,feature=stolen"]
)
def test_baggage_from_outside_stays_outside(ingress: IngressEnvironment, baggage: str) -> None:
    page = ingress.page(baggage=baggage)
    assert page["baggage"] == {}
    assert {hop["baggage"] for hop in page["hops"]} == {None}


def test_plain_http_is_sent_to_https(ingress: IngressEnvironment) -> None:
    url = f"http://{ingress.site.host}:{str(ingress.lab.status()['http']).rpartition(':')[2]}/cart?currency=EUR"
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output == f"301 https://{ingress.site.host}:{ingress.site.port}/cart?currency=EUR"


def test_hosts_that_nobody_serves_are_refused(ingress: IngressEnvironment) -> None:
    assert ingress.site.get(headers={"Host": "elsewhere.localhost"})[0] == 404
    assert ingress.at(f"no-such-feature.{ingress.site.host}").get()[0] == 404
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ingress.at("elsewhere.localhost").get()


def test_calls_of_a_feature_that_nobody_deployed_go_to_everybodys_service(
    ingress: IngressEnvironment, api: RoutingApi
) -> None:
    services = {service.service for service in route_table.services(online_boutique.WORKLOADS)}
    assert set(versions(ingress.lab, KINDS[api], "local")) == {route_table.EDGE, *services}
    frontend = calls(ingress.lab, "local")["frontend"]
    headers = ("--header", "Accept: application/json", "--header", "baggage: feature=not-there")
    page = json.loads(curl(ingress.lab, "loadgenerator", *headers, f"http://{frontend.address}:{frontend.port}/"))
    assert page["baggage"] == {"feature": "not-there"}
    assert {hop["status"] for hop in page["hops"]} == {"OK"}


def test_istio_finds_nothing_wrong(ingress: IngressEnvironment) -> None:
    # Where nothing is deployed, policies wait for workloads.
    assert not [
        finding for finding in ingress.findings() if not finding["origin"].startswith("AuthorizationPolicy other/")
    ]


def test_second_update_changes_nothing(ingress: IngressEnvironment) -> None:
    ingress.stack.up("--expect-no-changes")
