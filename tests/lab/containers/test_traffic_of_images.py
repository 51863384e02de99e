"""Connections of programs: to their own Service, to addresses of pods, and from pods without a proxy."""

import json
from typing import Any

import pytest

from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.lab_commands import eventually

HEADLESS = """
apiVersion: v1
kind: Service
metadata: {name: endpoints, namespace: shop}
spec: {clusterIP: None, selector: {app: back}, ports: [{name: http, port: 80, targetPort: http}]}
"""
OUTSIDE = """
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {selector: {app: outside}, ports: [{name: http, port: 8000, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: outside, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: outside}}
  template:
    metadata: {labels: {app: outside, sidecar.istio.io/inject: "false"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: server
        image: IMAGE
        ports: [{name: http, containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
"""


def call(mesh: ImageMesh, url: str) -> dict[str, Any]:
    """Return what the program of the pod of `front` is answered, when it is answered at last."""
    eventually(lambda: mesh.ask("front", "/get", url=url).get("status") == 200, f"{url} answers")
    answer: dict[str, Any] = json.loads(mesh.ask("front", "/get", url=url)["body"])
    return answer


def test_a_program_calls_its_own_service_over_mtls(mesh: ImageMesh) -> None:
    answer = call(mesh, "http://front.shop:8000/")
    assert answer["host"] == mesh.pod("front")["metadata"]["name"]
    assert "spiffe://cluster.local/ns/shop/sa/front" in answer["headers"]["X-Forwarded-Client-Cert"][0]


def test_a_program_calls_the_endpoints_of_a_headless_service_over_mtls(mesh: ImageMesh) -> None:
    mesh.apply(HEADLESS)
    answer = call(mesh, "http://endpoints/")
    assert answer["host"].startswith("back-")
    assert "spiffe://cluster.local/ns/shop/sa/front" in answer["headers"]["X-Forwarded-Client-Cert"][0]


def test_a_program_does_not_reach_a_strict_pod_past_its_service(mesh: ImageMesh) -> None:
    address = mesh.pod("back")["status"]["podIP"]
    answer = mesh.ask("front", "/get", url=f"http://{address}/")
    assert answer["status"] == 503, "no Service has this address and port: plain text, which the other proxy refuses"


def test_a_program_knows_services_by_variables(mesh: ImageMesh) -> None:
    service = mesh.lab.kubectl("get", "service", "-n", "shop", "front", "-o", "jsonpath={.spec.clusterIP}")
    variables = mesh.ask("front", "/")["variables"]
    assert variables["FRONT_SERVICE_HOST"] == service
    assert variables["FRONT_PORT"] == f"tcp://{service}:8000"


def test_a_name_outside_the_cluster_does_not_exist(mesh: ImageMesh) -> None:
    assert "no such host" in mesh.ask("front", "/resolve", name="api.example.com")["error"]


def test_pods_without_a_proxy_run_and_reach_services(mesh: ImageMesh) -> None:
    mesh.apply(OUTSIDE)
    try:
        mesh.wait("outside")
        command = ["exec", "-n", "shop", "deployment/outside", "--", "get"]

        def host(url: str) -> str:
            try:
                return str(json.loads(mesh.lab.kubectl(*command, url).partition("\n")[2])["host"])
            except AssertionError:
                return ""

        hosts: set[str] = set()
        eventually(lambda: bool(hosts.add(host("http://outside.shop:8000/")) or len(hosts - {""}) == 2), "both answer")  # type: ignore[func-returns-value]
        assert call(mesh, "http://outside:8000/")["host"] in hosts
        with pytest.raises(AssertionError, match="connection reset by peer"):
            mesh.lab.kubectl(*command, "http://back:8000/")
    finally:
        mesh.lab.kubectl("delete", "deployment,service", "-n", "shop", "outside")
