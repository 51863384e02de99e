"""A lab with Istio and two workloads, without the shop."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.lab.lab_commands import Lab

STUB = Path(__file__).with_name("http_stub.py")
STANDIN = (
    *(sys.executable, str(STUB), "--pod={pod}", "--version={version}"),
    *("--services={services}", "--ports={ports}"),
)
ISTIO = ("manifest", "generate", "--set", "profile=minimal", "--set", "values.telemetry.enabled=false")
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
"""
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
"""
WORKLOAD = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: NAME, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop}
spec: {selector: {app: NAME}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: shop}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      serviceAccountName: NAME
      terminationGracePeriodSeconds: 12
      containers:
      - name: server
        image: example.invalid/NAME:1.0.0
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: http}, initialDelaySeconds: 20, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 2}}}
"""

Pod = dict[str, Any]


class Mesh:
    """A lab with Istio and two workloads, `front` and `back`."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def pods(self, name: str) -> list[Pod]:
        """Return what the status says of the pods of a workload."""
        pods = self.lab.status()["pods"]
        assert isinstance(pods, list)
        return [pod for pod in pods if pod["name"].startswith(f"{name}-")]

    def ready(self, name: str) -> bool:
        pods = self.pods(name)
        return bool(pods) and all(pod["ready"] for pod in pods)

    def container(self, pod: str, name: str) -> dict[str, Any]:
        container: dict[str, Any] = next(
            container for container in self.pods(pod)[0]["containers"] if container["name"] == name
        )
        return container

    def request_without_proxy(self, address: str, path: str) -> subprocess.CompletedProcess[str]:
        """Ask a pod from outside the mesh."""
        curl = ("curl", "--silent", "--show-error", "--max-time", "5", f"http://{address}:8080{path}")
        return self.lab.boutique("exec", "--", *curl, check=False)

    def caller(self) -> int:
        """Return the process of the app of `front`."""
        return int(self.container("front", "server")["pid"])

    def call(self, caller: int = 0) -> dict[str, Any]:
        """Return what `back` answers to `front`, called by the name of its Service; to know the caller saves time."""
        server = caller or self.caller()
        enter = ("nsenter", "--target", str(server), "--user", "--net", "--preserve-credentials", "--")
        url = "http://127.0.0.1:8080/fetch?url=http://back.shop:80/"
        result = subprocess.run(
            [*enter, "curl", "--silent", "--max-time", "8", url], capture_output=True, text=True, check=False
        )
        answer: dict[str, Any] = json.loads(result.stdout or "{}")
        return answer

    def works(self) -> bool:
        return "pod" in self.call()

    def answered_by_another(self, pods: set[str]) -> bool:
        return self.call().get("pod", "") not in {"", *pods}

    def uids(self) -> list[str]:
        return [path.name for path in (self.lab.folder / "pods").iterdir()]


def running(lab: Lab) -> Iterator[Mesh]:
    lab.folder.mkdir(parents=True)
    (lab.folder / "standin.json").write_text(json.dumps(STANDIN))
    try:
        start(lab)
        lab.kubectl("apply", "-f", "-", stdin=f"{STRICT}---{NAMESPACE}")
        for name in ("front", "back"):
            lab.kubectl("apply", "-f", "-", stdin=WORKLOAD.replace("NAME", name))
        lab.kubectl("wait", "-n", "shop", "deployment", "--all", "--for=condition=Available", "--timeout=180s")
        yield Mesh(lab)
    finally:
        lab.boutique("down", "--delete")


def start(lab: Lab, *options: str) -> None:
    """Start a lab with Istio and nothing else."""
    lab.boutique("up", "--containers", "stand-ins", *options)
    manifest = subprocess.run(["istioctl", *ISTIO], env=lab.env, capture_output=True, text=True, check=True).stdout
    files = Path(json.loads((lab.folder / "settings.json").read_text())["tools"]).parent / "files"
    lab.kubectl("apply", "--server-side", "-f", f"{files / 'gateway-api'}/")
    lab.kubectl("create", "namespace", "istio-system")
    lab.kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    lab.kubectl("wait", "-n", "istio-system", "deployment/istiod", "--for=condition=Available", "--timeout=180s")
