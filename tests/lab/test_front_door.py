"""The shop's own routes in first one routing API, then the other: who gets in, where to, and what is left outside."""

import base64
import json
import ssl
import subprocess
from pathlib import Path

import pytest
from front_door import FrontDoor, open_door, report
from inside import calls, curl
from labs import BOUTIQUE, Lab, eventually
from stacks import project
from visitors import load

from boutique import catalogue, routetable
from boutique.ingress import GATEWAY_API, VIRTUAL_SERVICE, RoutingApi

pytestmark = pytest.mark.lab

PASSWORD = "canary-of-the-password"  # noqa: S105 - a canary
KINDS = {GATEWAY_API: "httproutes.gateway.networking.k8s.io", VIRTUAL_SERVICE: "virtualservices.networking.istio.io"}
GATEWAYS = {GATEWAY_API: "gateways.gateway.networking.k8s.io", VIRTUAL_SERVICE: "gateways.networking.istio.io"}


@pytest.fixture(scope="module")
def opened(victim: Lab, tmp_path_factory: pytest.TempPathFactory) -> FrontDoor:
    """The shop as committed, with routes of the Gateway API."""
    return open_door(victim, project(tmp_path_factory.mktemp("front-door"), victim.env)("local").create())


@pytest.fixture(scope="module", params=[GATEWAY_API, VIRTUAL_SERVICE])
def api(opened: FrontDoor, request: pytest.FixtureRequest) -> RoutingApi:
    """The routing API that the shop is in."""
    wanted: RoutingApi = request.param
    if wanted != GATEWAY_API:
        switch(opened, wanted)
    return wanted


@pytest.fixture
def door(opened: FrontDoor, api: RoutingApi) -> FrontDoor:
    assert api
    return opened


def switch(door: FrontDoor, api: RoutingApi) -> None:
    """Change the routing API while a few people are there, and print how many of them were sent away."""
    door.set("platform.routing.api", api)
    with load(door.site, "/", keeping=0, opening=1, http2=1, pause=0.1) as found:
        door.stack.up()
        eventually(lambda: door.site.get()[0] == 200, 30, "the shop is open again")
    print(f"to {api}: {found.total} requests, failed in {found.outage:.1f} s: {dict(found.failures)}")
    # Nobody is let in for a moment; whoever gets in finds the whole shop at work.
    assert all("status 404" in what for what in found.failures)
    other = next(each for each in KINDS if each != api)
    assert not versions(door, KINDS[other], "local")
    assert not versions(door, GATEWAYS[other], "istio-ingress")


def versions(door: FrontDoor, kind: str, namespace: str) -> dict[str, str]:
    """Return which version of each object of a kind is there, by its name."""
    found = json.loads(door.lab.kubectl("get", kind, "--namespace", namespace, "--output", "json"))
    return {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in found["items"]}


def test_page_comes_from_all_over_the_shop(door: FrontDoor) -> None:
    page = door.page()
    assert page["workload"] == "frontend"
    assert {hop["status"] for hop in page["hops"]} == {"OK"}
    assert len({hop["workload"] for hop in page["hops"]}) > 4
    assert door.stack.outputs()["url"] == f"https://{door.site.host}:{door.site.port}"


# http.client writes headers in Latin-1: \xff is a byte that UTF-8 never has, at which RE2 gives up (CVE-2026-73552).
@pytest.mark.parametrize(
    "baggage", ["feature=stolen,userId=alice", "feature=stolen,userId=\xff", "\xff,feature=stolen"]
)
def test_baggage_from_outside_stays_outside(door: FrontDoor, baggage: str) -> None:
    page = door.page(baggage=baggage)
    assert page["baggage"] == {}
    assert {hop["baggage"] for hop in page["hops"]} == {None}


def test_plain_http_is_sent_to_https(door: FrontDoor) -> None:
    url = f"http://{door.site.host}:{str(door.lab.status()['http']).rpartition(':')[2]}/cart"
    asked = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}", url]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert told == f"301 https://{door.site.host}:{door.site.port}/cart"


def test_hosts_that_nobody_serves_are_refused(door: FrontDoor) -> None:
    assert door.site.get(headers={"Host": "elsewhere.localhost"})[0] == 404
    assert door.at(f"no-such-feature.{door.site.host}").get()[0] == 404
    with pytest.raises((ssl.SSLError, ConnectionError)):
        door.at("elsewhere.localhost").get()


def test_calls_of_a_feature_that_nobody_deployed_go_to_everybodys_service(door: FrontDoor, api: RoutingApi) -> None:
    services = {each.service for each in routetable.services(catalogue.WORKLOADS)}
    assert set(versions(door, KINDS[api], "local")) == {routetable.EDGE, *services}
    frontend = calls(door.lab, "local")["frontend"]
    headers = ("--header", "Accept: application/json", "--header", "baggage: feature=not-there")
    page = json.loads(curl(door.lab, "loadgenerator", *headers, f"http://{frontend.address}:{frontend.port}/"))
    assert page["baggage"] == {"feature": "not-there"}
    assert {hop["status"] for hop in page["hops"]} == {"OK"}


def test_istio_finds_nothing_wrong(door: FrontDoor) -> None:
    assert not door.findings()


def test_second_update_changes_nothing(door: FrontDoor) -> None:
    door.stack.up("--expect-no-changes")


def test_the_way_back_is_open_too(opened: FrontDoor) -> None:
    switch(opened, GATEWAY_API)
    assert opened.page()["workload"] == "frontend"


def test_a_new_certificate_is_served_at_once_and_a_wrong_one_never(opened: FrontDoor, tmp_path: Path) -> None:
    opened.set("platform.ingress.certificate.kind", "pfx")
    for key in ("chain", "key"):
        opened.unset(f"platform.ingress.certificate.{key}")
    opened.set("certificatePassword", PASSWORD, secret=True)
    opened.set("certificatePfx", pfx(opened, tmp_path, opened.site.host), secret=True)
    gateways, old = opened.gateways(), opened.site.serial()
    with load(opened.site, "/_healthz", pause=0.01) as found:
        opened.stack.up()
        eventually(lambda: opened.site.serial() != old, 60, "the new certificate is served")
    report("new certificate", found)
    assert not found.failures
    assert found.fresh > 100
    assert opened.gateways() == gateways

    # What Helm knows of its releases is in Secrets as well.
    new, secrets = opened.site.serial(), versions(opened, "secrets", "istio-ingress")
    opened.set("certificatePassword", "not-the-password", secret=True)
    assert "boutique:certificatePassword" in refused(opened)
    opened.set("certificatePassword", PASSWORD, secret=True)
    opened.set("certificatePfx", pfx(opened, tmp_path, "other.localhost"), secret=True)
    assert f"is not valid for {opened.site.host}" in refused(opened)
    assert opened.site.serial() == new
    assert versions(opened, "secrets", "istio-ingress") == secrets


def pfx(door: FrontDoor, folder: Path, host: str) -> str:
    """Return a new development certificate for a host as a PFX in base64."""
    file = folder / "password"
    file.write_text(PASSWORD)
    command = ["make", "--host", host, "--out", str(folder), "--renew", "--pfx", "--password-file", str(file)]
    subprocess.run([*BOUTIQUE, "certificate", *command], env=door.lab.env, capture_output=True, check=True)
    return base64.b64encode((folder / "tls.pfx").read_bytes()).decode()


def refused(door: FrontDoor) -> str:
    """Return what is said by an update that has to fail, without a secret in it."""
    done = door.stack.up(check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert PASSWORD not in done.stdout
    assert "not-the-password" not in done.stdout
    return done.stdout
