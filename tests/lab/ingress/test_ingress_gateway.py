"""The gateway behind ports of the host: its pods, its TLS, and which namespace may route which host."""

import json
import socket
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boutique.settings.ingress_settings import GATEWAY_API, RoutingApi
from tests.support.lab.lab_commands import eventually
from tests.support.lab.local_updates import HOST, KINDS, IngressEnvironment

pytestmark = pytest.mark.lab

HTTP_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: NAME, namespace: TARGET}
spec:
  hostnames: [NAME.shop.localhost]
  parentRefs: [{name: ingress, namespace: istio-ingress}]
  rules: [{backendRefs: [{name: frontend, port: 80}]}]
"""
VIRTUAL_SERVICE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: NAME, namespace: TARGET}
spec:
  hosts: [NAME.shop.localhost]
  gateways: [istio-ingress/ingress]
  http: [{route: [{destination: {host: frontend, port: {number: 80}}}]}]
"""


def test_gateway_is_one_container_that_istiod_filled_in(ingress: IngressEnvironment) -> None:
    [name] = ingress.gateways()
    pods = ingress.lab.status()["pods"]
    assert isinstance(pods, list)
    [pod] = [pod for pod in pods if pod["name"] == name]
    assert [(container["name"], container["kind"], container["ready"]) for container in pod["containers"]] == [
        ("istio-proxy", "proxy", True)
    ]
    [shown] = json.loads(ingress.lab.kubectl("get", "pods", "-n", "istio-ingress", "-o", "json"))["items"]
    [container] = shown["spec"]["containers"]
    assert container["image"] != "auto"
    assert container["readinessProbe"]["httpGet"]["port"] == 15021
    assert "router" in container["args"]
    template = ingress.lab.kubectl("get", "deployment", "-n", "istio-ingress", "istio-ingressgateway", "-o", "json")
    assert json.loads(template)["spec"]["template"]["spec"]["containers"][0]["image"] == "auto"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_page_comes_by_https_through_mutual_tls(ingress: IngressEnvironment, version: ssl.TLSVersion) -> None:
    status, _, body = ingress.site.get(version=version, headers={"Accept": "application/json"})
    assert status == 200
    [identity] = {hop["identity"] for hop in json.loads(body)["hops"] if hop["workload"] == "frontend"}
    assert identity == "spiffe://cluster.local/ns/istio-ingress/sa/istio-ingressgateway"


def test_best_version_of_tls_is_taken_and_old_ones_are_refused(ingress: IngressEnvironment) -> None:
    connection = ingress.site.connect()
    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.version() == "TLSv1.3"
    connection.close()
    context = ssl.create_default_context(cadata=ingress.site.authority)
    # Else the client itself would refuse.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", ingress.site.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"),
    ):
        context.wrap_socket(plain, server_hostname=HOST)


def test_curl_needs_no_hosts_file(ingress: IngressEnvironment, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text(ingress.site.authority)
    url = f"https://{ingress.site.host}:{ingress.site.port}/_healthz"
    command = ["curl", "--silent", "--show-error", "--fail", "--cacert", str(authority), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def claim_routes(door: IngressEnvironment, api: RoutingApi, deployers: dict[str, str]) -> Iterator[None]:
    """Have deployers of targets claim names under the host of `local` for a while."""
    template = HTTP_ROUTE if api == GATEWAY_API else VIRTUAL_SERVICE
    try:
        for target, name in (("local", "preview"), ("other", "stolen")):
            route = template.replace("NAME", name).replace("TARGET", target)
            door.lab.kubectl("--kubeconfig", deployers[target], "apply", "-f", "-", stdin=route)
        yield
    finally:
        for target, name in (("local", "preview"), ("other", "stolen")):
            door.lab.kubectl("delete", KINDS[api], name, "-n", target, "--ignore-not-found")


def test_no_tenant_takes_a_host_of_another(ingress: IngressEnvironment, api: RoutingApi, tmp_path: Path) -> None:
    deployers = {target: str(ingress.stack.kubeconfig_file(target, tmp_path)) for target in ("local", "other")}
    other = ("--kubeconfig", deployers["other"])
    with claim_routes(ingress, api, deployers):
        owned = ingress.at(f"preview.{HOST}")
        eventually(lambda: owned.get()[0] == 200, "the namespace that owns the host routes names under it")
        assert ingress.at(f"stolen.{HOST}").get()[0] == 404
        if api == GATEWAY_API:
            route = json.loads(ingress.lab.kubectl(*other, "get", "httproute", "stolen", "-n", "other", "-o", "json"))
            [parent] = route["status"]["parents"]
            [accepted] = [condition for condition in parent["conditions"] if condition["type"] == "Accepted"]
            assert accepted["status"] == "False"
            # Istio's own kind, attached to what istiod makes of the listener.
            listener = "istio-ingress/ingress~istio-autogenerated-k8s-gateway~preview-local"
            sly = VIRTUAL_SERVICE.replace("NAME", "sly").replace("TARGET", "other")
            sly = sly.replace("istio-ingress/ingress", listener)
            assert "denied" in ingress.lab.refusal(*other, "apply", "-f", "-", stdin=sly)
    gateway = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "mine", "namespace": "other"},
    }
    assert "forbidden" in ingress.lab.refusal(*other, "apply", "-f", "-", stdin=json.dumps(gateway)).lower()
