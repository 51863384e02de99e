"""The lab's provider makes charts, manifests and objects, though it is built without Pulumi's Go SDK of Kubernetes."""

import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.support.lab.lab_commands import Lab
from tests.support.lab.lab_stacks import Stack

pytestmark = pytest.mark.lab

PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s

repository, manifest = pulumi.Config().require("repository"), pulumi.Config().require_object("manifest")
namespace = k8s.core.v1.Namespace("object", metadata={"name": "provider"})
after = pulumi.ResourceOptions(depends_on=[namespace])
k8s.yaml.v2.ConfigGroup("group", objs=manifest, opts=after)
k8s.helm.v4.Chart("chart", chart="small", version="1.0.0", namespace="provider", values={"text": "chart"},
                  repository_opts={"repo": repository}, opts=after)
k8s.helm.v3.Release("release", chart="small", version="1.0.0", namespace="provider", values={"text": "release"},
                    name="release", repository_opts={"repo": repository}, opts=after)
"""
MANIFEST = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "group"}, "data": {"text": "group"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "group"}, "stringData": {"text": "never-in-clear"}},
    {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "group"}, "spec": {
        "schedule": "0 0 1 1 *",
        "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "one", "image": "example.invalid/one:1"}],
        }}}},
    }},
]  # fmt: skip
TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Values.text }}", namespace: "{{ .Release.Namespace }}"}
data: {text: "{{ .Values.text }}"}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    """A repository with one chart, on the loopback."""
    chart = {"apiVersion": "v2", "name": "small", "version": "1.0.0"}
    with tarfile.open(tmp_path / "small-1.0.0.tgz", "w:gz") as archive:
        for name, text in {"Chart.yaml": yaml.safe_dump(chart), "templates/map.yaml": TEMPLATE}.items():
            member = tarfile.TarInfo(f"small/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    index = {"apiVersion": "v1", "entries": {"small": [{**chart, "urls": ["small-1.0.0.tgz"]}]}}
    (tmp_path / "index.yaml").write_text(yaml.safe_dump(index))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_charts_manifests_and_objects_are_made_and_removed(plain: Lab, tmp_path: Path, repository: str) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: boutique\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    manifest = [{**document, "metadata": {"name": "group", "namespace": "provider"}} for document in MANIFEST]
    stack = Stack("provider", folder, plain.env).create().configure(repository=repository, manifest=manifest)
    stack.up()
    try:
        maps = plain.kubectl("-n", "provider", "get", "configmaps", "-o", "jsonpath={.items[*].data.text}").split()
        assert sorted(maps) == ["chart", "group", "release"]
        assert plain.kubectl("-n", "provider", "get", "cronjobs,secrets", "-o", "name").split() == [
            "cronjob.batch/group",
            "secret/group",
            "secret/sh.helm.release.v1.release.v1",
        ]
        types = {resource["type"] for resource in stack.resources()}
        assert {"kubernetes:batch/v1:CronJob", "kubernetes:core/v1:Secret", "kubernetes:helm.sh/v3:Release"} <= types
        secret = next(resource for resource in stack.resources() if resource["type"] == "kubernetes:core/v1:Secret")
        assert "never-in-clear" not in str(secret["outputs"])
        again = stack.pulumi("preview", "--expect-no-changes").stdout
        assert "unchanged" in again
    finally:
        stack.pulumi("destroy", "--yes", "--skip-preview")
    assert not plain.kubectl("get", "namespaces", "--field-selector", "metadata.name=provider", "-o", "name")
