"""Images come from a registry: with the pull secrets of the pod, and with the registry's own words if they do not."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import image_registry
from tests.support.lab.image_archives import build_image
from tests.support.lab.image_registry import PASSWORD, USER, Registry
from tests.support.lab.image_workloads import ImageMesh
from tests.support.lab.lab_commands import eventually

REPOSITORY = "shop/program"
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: shop}
spec:
  terminationGracePeriodSeconds: 0
  SECRETS
  containers: [{name: server, image: "REFERENCE"}]
"""


@pytest.fixture(scope="module")
def registry(image_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with image_registry.basic(tmp_path_factory.mktemp("registry")) as running:
        for tag in ("1", "2"):
            running.push_image(REPOSITORY, tag, build_image(image_cache / "program", {}, {"tag": tag}))
        yield running


@pytest.fixture(scope="module")
def pull_secret(mesh: ImageMesh, registry: Registry) -> str:
    content = {"auths": {registry.name: {"username": USER, "password": PASSWORD}}}
    data = base64.b64encode(json.dumps(content).encode()).decode()
    mesh.apply(
        "{apiVersion: v1, kind: Secret, metadata: {name: pull, namespace: shop}, "
        f"type: kubernetes.io/dockerconfigjson, data: {{.dockerconfigjson: {data}}}}}"
    )
    return "imagePullSecrets: [{name: pull}]"


def state(mesh: ImageMesh, name: str) -> dict[str, dict[str, str]]:
    return dict(mesh.status(name).get("state", {}))


def apply(mesh: ImageMesh, name: str, reference: str, secrets: str = "") -> None:
    mesh.apply(POD.replace("NAME", name).replace("SECRETS", secrets).replace("REFERENCE", reference))


def test_a_refused_pull_says_why_until_it_succeeds(mesh: ImageMesh, registry: Registry, pull_secret: str) -> None:
    apply(mesh, "refused", f"{registry.name}/{REPOSITORY}:1")
    eventually(lambda: state(mesh, "refused").get("waiting", {}).get("reason") == "ImagePullBackOff", "it is refused")
    message = state(mesh, "refused")["waiting"]["message"]
    assert registry.name in message
    assert "does not let" in message
    events = mesh.lab.kubectl(
        "get", "events", "-n", "shop", "--field-selector", "involvedObject.name=refused,reason=Failed"
    )
    assert f'Failed to pull image "{registry.name}/{REPOSITORY}:1"' in events
    mesh.lab.kubectl("delete", "pod", "-n", "shop", "refused")

    apply(mesh, "pulled", f"{registry.name}/{REPOSITORY}:1", pull_secret)
    eventually(lambda: "running" in state(mesh, "pulled"), "it runs")
    done = mesh.lab.kubectl("exec", "-n", "shop", "pulled", "-c", "server", "--", "/bin/cat", "/tag")
    assert done == "1"
    mesh.lab.kubectl("delete", "pod", "-n", "shop", "pulled")
    files = [path for path in (mesh.lab.folder / "logs").rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()], "the password is in a log"


def test_automatically_an_image_runs_where_its_registry_answers(
    mesh: ImageMesh, registry: Registry, pull_secret: str
) -> None:
    mesh.lab.boutique("up", "--containers", "auto")
    try:
        apply(mesh, "answering", f"{registry.name}/{REPOSITORY}:2", pull_secret)
        apply(mesh, "silent", "registry.invalid/shop/program:2")
        eventually(lambda: "running" in state(mesh, "answering"), "the image runs")
        pods = mesh.lab.status()["pods"]
        assert isinstance(pods, list)
        (containers,) = (pod["containers"] for pod in pods if pod["name"] == "answering")
        assert {container["name"]: container["source"] for container in containers}["server"] == "image"
        eventually(lambda: "running" in state(mesh, "silent"), "a stand-in runs")
        assert mesh.status("silent")["imageID"] == "stand-in://registry.invalid/shop/program:2"
        # An image that fails keeps its place.
        apply(mesh, "wrong", f"{registry.name}/{REPOSITORY}:none", pull_secret)
        eventually(lambda: state(mesh, "wrong").get("waiting", {}).get("reason") == "ImagePullBackOff", "it fails")
        assert "MANIFEST_UNKNOWN" in state(mesh, "wrong")["waiting"]["message"]
    finally:
        mesh.lab.boutique("up", "--containers", "images")
        mesh.lab.kubectl("delete", "pod", "-n", "shop", "--ignore-not-found", "answering", "silent", "wrong")
