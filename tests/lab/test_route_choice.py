"""Real Envoys choose what the oracle chooses: drawn requests at a gateway and in the mesh, in both routing APIs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from asker import TABLE
from labs import BOUTIQUE, eventually
from meshed import Mesh

from boutique import httproutes, virtualservices
from boutique.routing import Gateway

pytestmark = pytest.mark.lab

ASKER = str(Path(__file__).with_name("asker.py"))
COUNT, SECONDS, FEWEST = 5000, 240, 500
"""Of each of four kinds; a busy machine asks fewer."""
GATEWAY = Gateway(namespace="choice-gateway", name="shop", listener="https", preview_listener="https")
PORTS = {"front": 80, "front-a": 80, "front-new-ads": 80, "ads": 9555, "ads-ab": 9555, "ads-new-ads": 9555}
NAMESPACES = """
apiVersion: v1
kind: Namespace
metadata: {name: choice, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: choice-gateway}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop, namespace: choice-gateway}
spec:
  gatewayClassName: istio
  listeners: [{name: https, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
"""
ISTIOS_OWN = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: choice-gateway}
spec:
  selector: {gateway.networking.k8s.io/gateway-name: shop}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: [choice/dev.shop.example, choice/*.dev.shop.example]
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
      containers:
      - name: server
        image: example.invalid/stub:NAME
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
"""


@pytest.fixture(scope="module")
def choice(watched: Mesh) -> Iterator[Mesh]:
    """Two Services with three features of theirs behind a gateway, and no routes."""
    lab = watched.lab
    try:
        lab.kubectl("apply", "-f", "-", stdin=NAMESPACES)
        for name, port in PORTS.items():
            lab.kubectl("apply", "-f", "-", stdin=WORKLOAD.replace("NAME", name).replace("PORT", str(port)))
        lab.kubectl("wait", "-n", "choice", "deployment", "--all", "--for=condition=Available", "--timeout=120s")
        eventually(lambda: watched.ready("shop-istio"), 60, "the gateway")
        yield watched
    finally:
        lab.kubectl("delete", "namespace", "choice", "choice-gateway", "--ignore-not-found")


def objects(rendered: Any) -> list[dict[str, Any]]:
    specs = {**rendered.edge(TABLE, GATEWAY), **rendered.mesh(TABLE)}
    meta = {"apiVersion": rendered.API_VERSION, "kind": rendered.KIND}
    return [{**meta, "metadata": {"name": name, "namespace": "choice"}, "spec": spec} for name, spec in specs.items()]


def answers(choice: Mesh) -> list[dict[str, Any]]:
    """Ask at the gateway and in the mesh at the same time."""
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    given = (f"--count={COUNT}", f"--seconds={SECONDS}", f"--seed={seed}")
    gateway = choice.pods("shop-istio")[0]["address"]
    service = choice.lab.kubectl("get", "service", "ads", "-n", "choice", "-o", "jsonpath={.spec.clusterIP}")
    [caller] = [each for each in choice.pods("front") if each["namespace"] == "choice" and each["name"].count("-") == 2]
    pid = next(each["pid"] for each in caller["containers"] if each["name"] == "server")
    inside = ("nsenter", "--target", str(pid), "--user", "--net", "--preserve-credentials", "--")
    environment = {**choice.lab.env, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for command in (
            [*BOUTIQUE, "lab", "exec", "--name", choice.lab.name, "--", sys.executable, ASKER, "edge", gateway, *given],
            [*inside, sys.executable, ASKER, "mesh", service, *given],
        )
    ]
    return [json.loads(each.communicate(timeout=SECONDS * 2)[0]) for each in running]


def check(found: list[dict[str, Any]]) -> None:
    print(json.dumps(found))
    for each in found:
        assert each["wrong"] == []
        assert each["asked"] >= FEWEST
        assert len(each["ways"]) > 1, "every request went the same way"


def test_httproutes(choice: Mesh) -> None:
    # One after the other and a second apart, so that their ages are in the order of the table.
    for each in objects(httproutes):
        choice.lab.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(each))
        time.sleep(1.05)
    time.sleep(3)
    try:
        check(answers(choice))
    finally:
        choice.lab.kubectl("delete", "httproutes", "-n", "choice", "--all")


def test_virtual_services(choice: Mesh) -> None:
    choice.lab.kubectl("apply", "-f", "-", stdin=ISTIOS_OWN)
    choice.lab.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects(virtualservices)))
    time.sleep(5)
    check(answers(choice))
