"""A lab with Istio whose pods run the image of the tests."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from tests.support.lab.lab_commands import Lab
from tests.support.lab.mesh_lab import NAMESPACE, STRICT, start

IMAGE = "registry.invalid/tests/program:1.0.0"
WORKLOAD = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: NAME, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop}
spec: {selector: {app: NAME}, ports: [{name: http, port: 8000, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: shop}
spec:
  selector: {matchLabels: {app: NAME}}
  strategy: {type: Recreate}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      serviceAccountName: NAME
      terminationGracePeriodSeconds: 10
      containers:
      - name: server
        image: IMAGE
        ports: [{name: http, containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: http}}
"""


class ImageMesh:
    """The lab, and what its pods say."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def apply(self, manifest: str) -> None:
        """Apply objects; IMAGE is the tests' image."""
        self.lab.kubectl("apply", "-f", "-", stdin=manifest.replace("IMAGE", IMAGE))

    def wait(self, name: str) -> None:
        self.lab.kubectl("rollout", "status", "-n", "shop", f"deployment/{name}", "--timeout=120s")

    def pod(self, name: str) -> dict[str, Any]:
        """Return the only pod of a workload that is not on its way out."""
        pods = json.loads(self.lab.kubectl("get", "pods", "-n", "shop", "-l", f"app={name}", "-o", "json"))["items"]
        (pod,) = (pod for pod in pods if "deletionTimestamp" not in pod["metadata"])
        return dict(pod)

    def runs(self, name: str) -> bool:
        """Say whether the program of a workload's only pod runs; there may be no pod yet."""
        selector = ("get", "pods", "-n", "shop", "-l", f"app={name}", "-o", "json")
        pods = [
            pod
            for pod in json.loads(self.lab.kubectl(*selector))["items"]
            if "deletionTimestamp" not in pod["metadata"]
        ]
        return len(pods) == 1 and "running" in self.status(pods[0]["metadata"]["name"]).get("state", {})

    def status(self, pod: str, container: str = "server") -> dict[str, Any]:
        """Return the status of a container of a pod."""
        content = json.loads(self.lab.kubectl("get", "pod", "-n", "shop", pod, "-o", "json"))
        statuses = [
            *content["status"].get("containerStatuses", []),
            *content["status"].get("initContainerStatuses", []),
        ]
        return next((status for status in statuses if status["name"] == container), {})

    def ask(self, name: str, path: str, /, **query: str) -> Any:
        """Ask the program of a workload's pod, past its proxy's mTLS: from the pod's own network."""
        server = self.process(name)
        enter = ("nsenter", "--target", str(server), "--user", "--net", "--preserve-credentials", "--")
        url = f"http://127.0.0.1:80{path}?{urlencode(query)}"
        done = subprocess.run(
            [*enter, "curl", "--silent", "--show-error", "--max-time", "15", url],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def container(self, name: str) -> dict[str, Any]:
        """Return what `lab status` says of the program's container."""
        pods = self.lab.status()["pods"]
        assert isinstance(pods, list)
        full_name = self.pod(name)["metadata"]["name"]
        (pod,) = (pod for pod in pods if pod["name"] == full_name)
        return next(container for container in pod["containers"] if container["name"] == "server")

    def process(self, name: str) -> int:
        """Return the number of the program's process on the host."""
        return int(self.container(name)["pid"])

    def exec(self, name: str, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in a workload's container by kubectl."""
        flags = ("-i",) if stdin is not None else ()
        arguments = ["exec", "-n", "shop", *flags, f"deployment/{name}", "-c", "server", "--", *command]
        return subprocess.run(
            ["kubectl", *arguments],
            env=self.lab.env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def running(lab: Lab) -> Iterator[ImageMesh]:
    try:
        start(lab, "--containers", "images")
        lab.kubectl("apply", "-f", "-", stdin=f"{STRICT}---{NAMESPACE}")
        mesh = ImageMesh(lab)
        for name in ("front", "back"):
            mesh.apply(WORKLOAD.replace("NAME", name))
        for name in ("front", "back"):
            mesh.wait(name)
        yield mesh
    finally:
        lab.boutique("down", "--delete")
        assert not lab.folder.exists(), "something of it cannot be removed"
