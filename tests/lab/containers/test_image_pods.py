"""Pods of the mesh run their images: the program, its variables, its volumes, its probes and its end."""

import json

import pytest

from tests.support.lab.image_workloads import IMAGE, ImageMesh
from tests.support.lab.lab_commands import eventually

FULL = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {greeting: hello}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden, namespace: shop}
stringData: {password: not-for-logs}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: kept, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: full, namespace: shop}
spec:
  selector: {matchLabels: {app: full}}
  strategy: {type: Recreate}
  template:
    metadata: {labels: {app: full}}
    spec:
      terminationGracePeriodSeconds: 10
      initContainers:
      - name: prepare
        image: IMAGE
        command: [write, /data/prepared, "by $(WHO)"]
        env: [{name: WHO, value: init}]
        volumeMounts: [{name: data, mountPath: /data}]
      containers:
      - name: server
        image: IMAGE
        args: ["--greeting=$(GREETING)", "$(UNKNOWN)", "$$(GREETING)"]
        ports: [{name: http, containerPort: 80}]
        env:
        - {name: GREETING, valueFrom: {configMapKeyRef: {name: settings, key: greeting}}}
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: hidden, key: password}}}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        envFrom: [{configMapRef: {name: settings}, prefix: FROM_}]
        readinessProbe: {exec: {command: [exists, /data/ready]}, periodSeconds: 1}
        lifecycle: {postStart: {exec: {command: [write, /data/hook, ran]}}}
        securityContext: {runAsUser: 4321, runAsGroup: 4322, readOnlyRootFilesystem: true}
        volumeMounts:
        - {name: data, mountPath: /data}
        - {name: memory, mountPath: /memory}
        - {name: settings, mountPath: /settings}
        - {name: hidden, mountPath: /hidden}
        - {name: settings, mountPath: /single/file, subPath: greeting}
        - {name: kept, mountPath: /kept}
      volumes:
      - {name: data, emptyDir: {}}
      - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
      - {name: settings, configMap: {name: settings}}
      - {name: hidden, secret: {secretName: hidden}}
      - {name: kept, persistentVolumeClaim: {claimName: kept}}
"""
BROKEN = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: server, image: REFERENCE, SETTINGS}
"""


def test_the_status_names_the_image(mesh: ImageMesh) -> None:
    container = mesh.container("front")
    assert container["source"] == "image"
    status = mesh.status(mesh.pod("front")["metadata"]["name"])
    assert status["imageID"] == f"{IMAGE.rpartition(':')[0]}@{container['image']}"


def test_a_program_calls_a_service_by_its_name_over_mtls(mesh: ImageMesh) -> None:
    # istiod tells the proxy of another pod a moment after it is ready.
    eventually(lambda: mesh.ask("front", "/get", url="http://back:8000/")["status"] == 200, "it is answered")
    called = json.loads(mesh.ask("front", "/get", url="http://back:8000/")["body"])
    assert called["host"].startswith("back-")
    assert "spiffe://cluster.local/ns/shop/sa/front" in called["headers"]["X-Forwarded-Client-Cert"][0]


def test_the_program_has_what_its_image_says(mesh: ImageMesh) -> None:
    told = mesh.ask("front", "/")
    assert (told["user"], told["group"], told["folder"], told["pid"]) == (1234, 1235, "/srv", 1)
    assert told["host"] == told["variables"]["HOSTNAME"] == mesh.pod("front")["metadata"]["name"]
    assert told["variables"]["HOME"] == "/home/app"
    assert told["variables"]["FROM_IMAGE"] == "yes"
    assert mesh.ask("front", "/read", path="/text") == "of the image"


def test_names_of_the_cluster_are_resolved(mesh: ImageMesh) -> None:
    mesh.apply("{apiVersion: v1, kind: Service, metadata: {name: all, namespace: shop}, spec: {clusterIP: None, "
               "selector: {app: back}, ports: [{name: http, port: 80, targetPort: http}]}}")  # fmt: skip
    back = mesh.pod("back")["status"]["podIP"]
    service = mesh.lab.kubectl("get", "service", "-n", "shop", "back", "-o", "jsonpath={.spec.clusterIP}")
    for name in ("back", "back.shop", "back.shop.svc.cluster.local"):
        assert mesh.ask("front", "/resolve", name=name) == [service]
    eventually(lambda: mesh.ask("front", "/resolve", name="all") == [back], "the endpoints have names")
    located = mesh.ask("front", "/resolve-srv", name="_http._tcp.all.shop.svc.cluster.local")
    assert located[1] == f"{back.replace('.', '-')}.all.shop.svc.cluster.local.:80"
    assert "error" in mesh.ask("front", "/resolve", name="nothing.shop.svc.cluster.local")


def test_variables_volumes_probes_and_hooks(mesh: ImageMesh) -> None:
    mesh.apply(FULL)
    eventually(lambda: mesh.runs("full"), "it runs")
    name = mesh.pod("full")["metadata"]["name"]
    told = mesh.ask("full", "/")
    assert told["arguments"] == ["/app/server", "--greeting=hello", "$(UNKNOWN)", "$(GREETING)"]
    assert (told["user"], told["group"]) == (4321, 4322)
    expected = {"GREETING": "hello", "PASSWORD": "not-for-logs", "POD": name, "FROM_greeting": "hello"}
    assert told["variables"].items() >= expected.items()
    contents = {
        "/data/prepared": "by init",
        "/data/hook": "ran",
        "/settings/greeting": "hello",
        "/single/file": "hello",
        "/hidden/password": "not-for-logs",
        "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "shop",
    }
    assert {path: mesh.ask("full", "/read", path=path) for path in contents} == contents
    for path in ("/new", "/settings/new", "/hidden/password"):
        assert "error" in mesh.ask("full", "/write", path=path, text="x"), path
    assert mesh.ask("full", "/write", path="/memory/small", text="x") == "written"
    assert (
        "tmpfs /memory tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k"
        in mesh.exec("full", "cat", "/proc/mounts").stdout
    )

    assert not mesh.status(name)["ready"], "its probe fails"
    assert mesh.exec("full", "write", "/data/ready", "yes").returncode == 0
    eventually(lambda: mesh.status(name)["ready"] is True, "its probe passes")
    assert mesh.status(name, "prepare")["state"]["terminated"]["exitCode"] == 0

    assert mesh.ask("full", "/write", path="/kept/file", text="still there") == "written"
    mesh.lab.kubectl("delete", "pod", "-n", "shop", name)
    eventually(lambda: mesh.runs("full"), "another runs")
    assert mesh.ask("full", "/read", path="/kept/file") == "still there"
    assert "error" in mesh.ask("full", "/read", path="/data/ready"), "the other pod's own"
    files = [path for path in mesh.lab.folder.rglob("*") if path.is_file() and "etcd" not in path.parts]
    assert not [path for path in files if b"not-for-logs" in path.read_bytes()], "a secret is on the disk"
    mesh.lab.kubectl("delete", "deployment", "-n", "shop", "full")


def test_an_end_is_reported_with_its_code_and_its_words(mesh: ImageMesh) -> None:
    name = mesh.pod("back")["metadata"]["name"]
    before = mesh.status(name)["restartCount"]
    mesh.exec("back", "write", "/dev/termination-log", "out of ideas")
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever curl makes of a connection that ends
        mesh.ask("back", "/exit", code="3")
    eventually(lambda: mesh.status(name)["restartCount"] == before + 1 and mesh.status(name)["ready"], "it is back")
    last = mesh.status(name)["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    assert "serving 80" in mesh.lab.kubectl("logs", "-n", "shop", name, "-c", "server")


def test_the_image_says_which_signal_asks_it_to_end(mesh: ImageMesh) -> None:
    name = mesh.pod("back")["metadata"]["name"]
    log = mesh.lab.folder / "logs/pods/shop" / name / "server.log"
    mesh.lab.kubectl("delete", "pod", "-n", "shop", name)
    assert log.read_text().splitlines()[-1] == "ending by quit"
    mesh.wait("back")


@pytest.mark.parametrize(
    ("settings", "reference", "reason", "message"),
    [
        ("command: [missing]", "IMAGE", "RunContainerError", 'exec: "missing": executable file not found in $PATH'),
        ("command: [/text/none]", "IMAGE", "RunContainerError", 'exec: "/text/none": not a directory'),
        ("command: [/etc/passwd], securityContext: {runAsUser: 7}", "IMAGE", "RunContainerError", "exec format error"),
        (
            "securityContext: {runAsNonRoot: true, runAsUser: null}",
            "IMAGE",
            "CreateContainerConfigError",
            "non-numeric",
        ),
        ("securityContext: {privileged: true}", "IMAGE", "CreateContainerConfigError", "securityContext.privileged: "),
        ("envFrom: [{secretRef: {name: none}}]", "IMAGE", "CreateContainerConfigError", 'secret "none" not found'),
        ("imagePullPolicy: Never", "registry.invalid/x:1", "ErrImageNeverPull", "not present with pull policy"),
        ("imagePullPolicy: IfNotPresent", "registry.invalid/x:1", "ImagePullBackOff", "registry.invalid"),
    ],
)
def test_what_cannot_start_says_why(mesh: ImageMesh, settings: str, reference: str, reason: str, message: str) -> None:
    manifest = BROKEN.replace("NAME", "broken").replace("REFERENCE", reference).replace("SETTINGS", settings)
    mesh.apply(manifest)

    def waiting() -> dict[str, str]:
        return dict(mesh.status("broken").get("state", {}).get("waiting", {}))

    try:
        eventually(lambda: waiting().get("reason") == reason, f"it waits for {reason}, not {waiting()}")
        assert message in waiting()["message"]
    finally:
        mesh.lab.kubectl("delete", "pod", "-n", "shop", "broken")
