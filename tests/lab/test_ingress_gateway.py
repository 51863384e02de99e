"""The front door: real gateway pods behind ports of the host, on one stack in first one routing API, then the other."""

import json
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from issued import issue
from labs import Lab, eventually
from stacks import ROOT, Stack, project
from visitors import Site, load

from boutique.ingress import GATEWAY_API, RoutingApi

pytestmark = pytest.mark.lab

HOST = "shop.localhost"
STUB = (
    *(sys.executable, str(Path(__file__).with_name("stub.py")), "--pod={pod}", "--version={version}"),
    *("--services={services}", "--ports={ports}"),
)
# The least that policies let the gateway reach: a pod that is labelled and named like the shop's entry.
BACKEND = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: frontend}
---
apiVersion: v1
kind: Service
metadata: {name: frontend}
spec: {selector: {app: frontend}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: frontend}
spec:
  selector: {matchLabels: {app: frontend}}
  template:
    metadata: {labels: {app: frontend}}
    spec:
      serviceAccountName: frontend
      containers:
      - name: server
        image: example.invalid/frontend:1.0.0
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
"""
HTTP_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: NAME}
spec:
  hostnames: [NAME.shop.localhost]
  parentRefs: [{name: ingress, namespace: istio-ingress}]
  rules: [{backendRefs: [{name: frontend, port: 80}]}]
"""
VIRTUAL_SERVICE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: NAME}
spec:
  hosts: [NAME.shop.localhost]
  gateways: [istio-ingress/ingress]
  http: [{route: [{destination: {host: frontend, port: {number: 80}}}]}]
"""


@dataclass(frozen=True)
class Front:
    """A stack with an ingress for two targets, `local` and `other`, and a backend in each.

    Attributes:
        lab: Where it is.
        stack: The stack.
        api: What routes are written in.
        site: The host of `local`.
        folder: Of the test's own files.
    """

    lab: Lab
    stack: Stack
    api: RoutingApi
    site: Site
    folder: Path

    def at(self, host: str) -> Site:
        return Site(host, self.site.port, self.site.authority)

    def deployer(self, target: str, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl with the rights of a target's deployer."""
        kubeconfig = str(self.folder / f"{target}.kubeconfig")
        return subprocess.run(
            ["kubectl", "--kubeconfig", kubeconfig, *arguments],
            env=self.lab.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def route(self, target: str, name: str) -> str:
        """Have a deployer claim a name under the host of `local`, the host itself if the name is empty."""
        template = HTTP_ROUTE if self.api == GATEWAY_API else VIRTUAL_SERVICE
        text = template.replace("NAME.shop", f"{name}.shop" if name else "shop").replace("NAME", name or "edge")
        done = self.deployer(target, "apply", "-f", "-", stdin=text)
        assert done.returncode == 0, done.stderr
        return f"{name}.{HOST}" if name else HOST

    def gateways(self) -> list[dict[str, Any]]:
        found = self.lab.status()["pods"]
        assert isinstance(found, list)
        return [pod for pod in found if pod["namespace"] == "istio-ingress"]


@pytest.fixture(scope="module")
def edge(state_home: Path) -> Iterator[Lab]:
    lab = Lab("edge", state_home)
    lab.folder.mkdir(parents=True)
    (lab.folder / "standin.json").write_text(json.dumps(STUB))
    try:
        lab.boutique("up")
        yield lab
    finally:
        lab.boutique("down", "--delete")


@pytest.fixture(scope="module")
def stack(edge: Lab, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return project(tmp_path_factory.mktemp("ingress"), edge.env)("front").create()


@pytest.fixture(scope="module", params=get_args(RoutingApi))
def front(
    edge: Lab, stack: Stack, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    served = issue("front", hosts=(HOST, f"*.{HOST}", "other.localhost", "*.other.localhost"), now=datetime.now(UTC))
    (folder / "tls.crt").write_text(served.pem)
    (folder / "tls.key").write_text(served.key_pem())
    local = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    stack.configure(
        cluster=local["boutique:cluster"], platform=platform(local["boutique:platform"], request.param, folder)
    )
    stack.up()
    for target in ("local", "other"):
        (folder / f"{target}.kubeconfig").write_text(json.dumps(stack.kubeconfig(target)))
    port = int(str(edge.status()["https"]).rpartition(":")[2])
    found = Front(edge, stack, request.param, Site(HOST, port, served.pem), folder)
    for target in ("local", "other"):
        assert found.deployer(target, "apply", "-f", "-", stdin=BACKEND).returncode == 0
        edge.kubectl("wait", "-n", target, "deployment/frontend", "--for=condition=Available", "--timeout=60s")
    found.route("local", "")
    eventually(lambda: found.site.get()[0] == 200, 30, "the gateway serves the host")
    yield found
    for target in ("local", "other"):
        found.deployer(target, "delete", "httproutes,virtualservices", "--all")


def platform(committed: dict[str, Any], api: str, folder: Path) -> dict[str, Any]:
    ingress = {
        "certificate": {"kind": "files", "chain": str(folder / "tls.crt"), "key": str(folder / "tls.key")},
        "port": "${BOUTIQUE_LAB_HTTPS_PORT}",
        "replicas": 1,
        "minReadySeconds": 0,
        "preStopSeconds": 3,
        "drainSeconds": 5,
    }
    targets = {"local": {"protect": False, "host": HOST}, "other": {"protect": False, "host": "other.localhost"}}
    return {"mesh": committed["mesh"], "ingress": ingress, "routing": {"api": api}, "targets": targets}


def test_gateway_is_one_container_that_istiod_filled_in(front: Front) -> None:
    [pod] = front.gateways()
    assert [(one["name"], one["kind"], one["ready"]) for one in pod["containers"]] == [("istio-proxy", "proxy", True)]
    [shown] = json.loads(front.lab.kubectl("get", "pods", "-n", "istio-ingress", "-o", "json"))["items"]
    [container] = shown["spec"]["containers"]
    assert container["image"] != "auto"
    assert container["readinessProbe"]["httpGet"]["port"] == 15021
    assert "router" in container["args"]
    template = front.lab.kubectl("get", "deployment", "-n", "istio-ingress", "istio-ingressgateway", "-o", "json")
    assert json.loads(template)["spec"]["template"]["spec"]["containers"][0]["image"] == "auto"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_page_comes_by_https_through_mutual_tls(front: Front, version: ssl.TLSVersion) -> None:
    status, _, body = front.site.get(version=version)
    assert status == 200
    answer = json.loads(body)
    assert answer["pod"].startswith("frontend-")
    caller = {name.lower(): value for name, value in answer["headers"].items()}["x-forwarded-client-cert"]
    assert "URI=spiffe://cluster.local/ns/istio-ingress/sa/istio-ingressgateway" in caller


def test_best_version_of_tls_is_taken_and_old_ones_are_refused(front: Front) -> None:
    connection = front.site.connect()
    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.version() == "TLSv1.3"
    connection.close()
    context = ssl.create_default_context(cadata=front.site.authority)
    # Else the client itself would refuse.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", front.site.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"),
    ):
        context.wrap_socket(plain, server_hostname=HOST)


def test_curl_needs_no_hosts_file(front: Front) -> None:
    url = f"{front.site.host}:{front.site.port}/"
    asked = ["curl", "--silent", "--show-error", "--cacert", str(front.folder / "tls.crt"), f"https://{url}"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["pod"].startswith("frontend-"), done.stderr


def test_plain_http_leads_to_the_published_port(front: Front) -> None:
    port = str(front.lab.status()["http"]).rpartition(":")[2]
    asked = ["curl", "--silent", "--include", f"http://{HOST}:{port}/cart?currency=EUR"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.lower().splitlines()
    assert answer[0].split()[1] == "301"
    assert f"location: https://{HOST}:{front.site.port}/cart?currency=eur" in answer


def test_no_tenant_takes_a_host_of_another(front: Front) -> None:
    stolen = front.route("other", "stolen")
    preview = front.route("local", "preview")
    eventually(lambda: front.at(preview).get()[0] == 200, 20, "the namespace that owns the host routes names under it")
    assert front.at(stolen).get()[0] == 404
    if front.api == GATEWAY_API:
        found = json.loads(front.deployer("other", "get", "httproute", "stolen", "-o", "json").stdout)
        [parent] = found["status"]["parents"]
        [accepted] = [one for one in parent["conditions"] if one["type"] == "Accepted"]
        assert accepted["status"] == "False"
        # Istio's own kind, attached to what istiod makes of the listener.
        listener = "istio-ingress/ingress~istio-autogenerated-k8s-gateway~preview-local"
        sly = VIRTUAL_SERVICE.replace("NAME", "sly").replace("istio-ingress/ingress", listener)
        assert "denied" in front.deployer("other", "apply", "-f", "-", stdin=sly).stderr
    gateway = {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "mine"}}
    refused = front.deployer("other", "apply", "-f", "-", stdin=json.dumps(gateway))
    assert "forbidden" in refused.stderr.lower()


def test_second_update_changes_nothing(front: Front) -> None:
    front.stack.up("--expect-no-changes")


def test_analysis_finds_nothing_wrong(front: Front) -> None:
    done = subprocess.run(
        ["istioctl", "analyze", "--namespace", "istio-ingress"],
        env=front.lab.env,
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = [line for line in done.stdout.splitlines() if line.startswith(("Error", "Warning"))]
    assert done.returncode == 0, done.stderr
    assert not wrong


def test_rolling_restart_of_the_gateway_loses_no_request(front: Front) -> None:
    [before] = front.gateways()
    with load(front.site, "/ready") as found:
        front.lab.kubectl("rollout", "restart", "-n", "istio-ingress", "deployment/istio-ingressgateway")
        eventually(lambda: [pod["name"] for pod in front.gateways()] not in ([], [before["name"]]), 60, "it restarts")
        eventually(lambda: before["name"] not in {pod["name"] for pod in front.gateways()}, 60, "the old pod is gone")
        deadline = time.monotonic() + 120
        while found.total < 5000 and time.monotonic() < deadline:
            time.sleep(0.2)
    print("requests over kept connections, over new ones, connections:", found.kept, found.fresh, found.connections)
    assert not found.failures
    assert found.total >= 5000
    assert found.fresh > 100
    assert found.kept > 1000
