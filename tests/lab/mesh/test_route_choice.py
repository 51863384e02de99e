"""Real Envoys choose what the oracle chooses: drawn requests and drawn features, at a gateway and in the mesh."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings

from boutique.routing import http_routes, virtual_services
from boutique.routing.model import FeatureRouting, Table
from boutique.routing.route_table import additions, baseline, table
from tests.support.lab.lab_commands import BOUTIQUE, eventually
from tests.support.lab.lab_stacks import ROOT
from tests.support.lab.mesh_lab import Mesh
from tests.support.lab.route_requests import EDGE, MESH
from tests.support.lab.work_sizes import Size
from tests.support.routing_strategies import ENVIRONMENT, GATEWAY, KEYS, SERVICES, features

pytestmark = pytest.mark.lab

REQUESTS = str(ROOT / "tests/support/lab/route_requests.py")
SECONDS = 240
"""How long the requests to the gateway, and those in the mesh, may take."""
CALLER = "caller"
"""A pod of no Service: calls of a Service's own pod to that Service need not leave the pod."""
WORKLOADS = {CALLER: 80} | {
    name: service.port
    for service in SERVICES
    for name in (service.service, *(f"{service.service}-{key}" for key in KEYS))
}
NAMESPACES = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: choice, labels: {{istio-injection: enabled}}}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: {GATEWAY.namespace}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {GATEWAY.name}, namespace: {GATEWAY.namespace}}}
spec:
  gatewayClassName: istio
  listeners:
  - &first
    name: {GATEWAY.listener}
    hostname: {ENVIRONMENT.host}
    port: 80
    protocol: HTTP
    allowedRoutes: {{namespaces: {{from: All}}}}
  - {{<<: *first, name: {GATEWAY.preview_listener}, hostname: "*.{ENVIRONMENT.host}"}}
"""
ISTIOS_OWN = f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: {GATEWAY.name}, namespace: {GATEWAY.namespace}}}
spec:
  selector: {{gateway.networking.k8s.io/gateway-name: {GATEWAY.name}}}
  servers:
  - port: {{number: 80, name: http, protocol: HTTP}}
    hosts: [choice/{ENVIRONMENT.host}, "choice/*.{ENVIRONMENT.host}"]
"""
WORKLOAD = """
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: choice}
spec: {selector: {app: NAME}, ports: [{name: http, port: PORT, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: choice}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: server
        image: example.invalid/stub:NAME
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
---
"""


@pytest.fixture(scope="module")
def choice(mesh: Mesh) -> Iterator[Mesh]:
    """Three Services with the versions that features may have of them, behind a gateway, and no routes."""
    lab = mesh.lab
    try:
        workloads = [WORKLOAD.replace("NAME", name).replace("PORT", str(port)) for name, port in WORKLOADS.items()]
        lab.kubectl("apply", "-f", "-", stdin=NAMESPACES)
        lab.kubectl("apply", "-f", "-", stdin="".join(workloads))
        lab.kubectl("wait", "-n", "choice", "deployment", "--all", "--for=condition=Available", "--timeout=180s")
        eventually(lambda: mesh.ready(f"{GATEWAY.name}-istio"), "the gateway")
        yield mesh
    finally:
        lab.kubectl("delete", "namespace", "choice", GATEWAY.namespace, "--ignore-not-found")


def draw_features(number: int, sets: int) -> tuple[tuple[FeatureRouting, ...], ...]:
    """Return sets of features, two with sessions in each at least."""
    combinations: list[tuple[FeatureRouting, ...]] = []

    @seed(number)
    @settings(max_examples=100, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(features().filter(lambda made: sum(bool(feature.sessions) for feature in made) > 1))
    def draw(made: tuple[FeatureRouting, ...]) -> None:
        combinations.append(made)

    draw()
    return tuple(dict.fromkeys(combinations))[-sets:]


def objects(rendered: ModuleType, part: Table) -> str:
    specs = {**rendered.edge(part, GATEWAY), **rendered.mesh(part)}
    meta = {"apiVersion": rendered.API_VERSION, "kind": rendered.KIND}
    made = [{**meta, "metadata": {"name": name, "namespace": "choice"}, "spec": spec} for name, spec in specs.items()]
    return yaml.safe_dump_all(made)


def compare_routes(choice: Mesh, wanted: Sequence[FeatureRouting], number: int, count: int) -> list[dict[str, Any]]:
    """Ask at the gateway and in the mesh at the same time."""
    lab = choice.lab
    services = json.loads(lab.kubectl("get", "services", "-n", "choice", "-o", "json"))["items"]
    addresses = {service["metadata"]["name"]: service["spec"]["clusterIP"] for service in services}
    pid = choice.container(CALLER, "server")["pid"]
    inside = ("nsenter", "--target", str(pid), "--user", "--net", "--preserve-credentials", "--")
    kinds = {
        EDGE: ([*BOUTIQUE, "lab", "exec", "--name", lab.name, "--"], {EDGE: choice.pods("shop-istio")[0]["address"]}),
        MESH: (inside, {service.service: addresses[service.service] for service in SERVICES}),
    }
    task = {"features": [asdict(feature) for feature in wanted], "seed": number, "count": count, "seconds": SECONDS}
    environment = {**lab.env, "PYTHONPATH": str(ROOT)}
    running = []
    for kind, (command, where) in kinds.items():
        asking = subprocess.Popen(
            [*command, sys.executable, REQUESTS],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asking.stdin
        asking.stdin.write(json.dumps({**task, "kind": kind, "addresses": where}))
        asking.stdin.close()
        asking.stdin = None
        running.append(asking)
    answered = [(*process.communicate(timeout=SECONDS * 2), process.returncode) for process in running]
    assert not [wrong for _, wrong, code in answered if code], answered
    return [json.loads(output) for output, _, _ in answered]


def check(reports: list[dict[str, Any]], count: int) -> None:
    print(json.dumps(reports))
    for report in reports:
        assert report["wrong"] == []
        assert report["asked"] >= count
        assert len(report["ways"]) > 1, "every request went the same way"


@pytest.fixture
def number() -> int:
    drawn_number = int.from_bytes(os.urandom(4))
    print(f"seed {drawn_number}")
    return drawn_number


def test_httproutes(choice: Mesh, number: int, size: Size) -> None:
    for at, wanted in enumerate(draw_features(number, size.sets)):
        parts = [baseline(ENVIRONMENT), *(additions(ENVIRONMENT, feature) for feature in wanted)]
        try:
            for part in parts:
                choice.lab.kubectl("apply", "--server-side", "-f", "-", stdin=objects(http_routes, part))
                # Of two features the older one wins, and the API server counts in seconds.
                time.sleep(1.05)
            check(compare_routes(choice, wanted, number + at, size.drawn), size.drawn)
        finally:
            choice.lab.kubectl("delete", "httproutes", "-n", "choice", "--all")


def test_virtual_services(choice: Mesh, number: int, size: Size) -> None:
    choice.lab.kubectl("apply", "-f", "-", stdin=ISTIOS_OWN)
    for at, wanted in enumerate(draw_features(number, size.sets)):
        try:
            choice.lab.kubectl("apply", "-f", "-", stdin=objects(virtual_services, table(ENVIRONMENT, wanted)))
            check(compare_routes(choice, wanted, number + at, size.drawn), size.drawn)
        finally:
            choice.lab.kubectl("delete", "virtualservices", "-n", "choice", "--all")
