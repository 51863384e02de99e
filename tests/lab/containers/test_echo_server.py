"""Istio's own echo server and client, from an image: by HTTP, HTTP/2, gRPC and TCP, over the mesh's mTLS."""

import pytest

from lab.images.image_store import ImageStore
from support import paths
from tests.support.lab.image_archives import write_layout
from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.program_images import echo_image

pytestmark = pytest.mark.lab

IMAGE = "registry.invalid/istio/echo:1.31.0"
ECHO = f"""
apiVersion: v1
kind: ServiceAccount
metadata: {{name: NAME, namespace: shop}}
---
apiVersion: v1
kind: Service
metadata: {{name: NAME, namespace: shop}}
spec:
  selector: {{app: NAME}}
  ports:
  - {{name: http, port: 80, targetPort: 8080}}
  - {{name: grpc, port: 7070}}
  - {{name: tcp, port: 9090}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: NAME, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: NAME}}}}
  template:
    metadata: {{labels: {{app: NAME}}}}
    spec:
      serviceAccountName: NAME
      terminationGracePeriodSeconds: 5
      containers:
      - name: server
        image: {IMAGE}
        env: [{{name: INSTANCE_IP, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}]
        args: [--port=8080, --grpc=7070, --tcp=9090, --version=NAME]
        readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
"""
CALLER, CALLEE = "echo-a", "echo-b"


@pytest.fixture(scope="module")
def echo(mesh: ImageMesh, tmp_path_factory: pytest.TempPathFactory) -> ImageMesh:
    ImageStore(paths.images()).load(write_layout(tmp_path_factory.mktemp("echo") / "layout", IMAGE, echo_image()))
    for name in (CALLER, CALLEE):
        mesh.lab.kubectl("apply", "-f", "-", stdin=ECHO.replace("NAME", name))
    for name in (CALLER, CALLEE):
        mesh.wait(name)
    return mesh


@pytest.mark.parametrize(
    ("arguments", "evidence"),
    [
        (["http://echo-b"], f"/sa/{CALLER}"),
        (["http://echo-b.shop.svc.cluster.local", "--http2"], f"/sa/{CALLER}"),
        (["grpc://echo-b:7070"], f"/sa/{CALLER}"),
        (["tcp://echo-b:9090"], "StatusCode=200"),
    ],
    ids=["http", "http2", "grpc", "tcp"],
)
def test_every_protocol_reaches_the_other_side(echo: ImageMesh, arguments: list[str], evidence: str) -> None:
    done = echo.exec(CALLER, "client", *arguments, "--count", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(f"ServiceVersion={CALLEE}") == 5, done.stdout
    assert evidence in done.stdout, done.stdout
