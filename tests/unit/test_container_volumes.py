"""The files that a container finds: its volumes, the pod's names, and copies of layers where overlays are refused."""

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from lab.containers.image_copy import copy_layers
from lab.containers.start_errors import ContainerStartError
from lab.containers.volume_folder import write_volume
from lab.nodeagent import pod_files
from lab.nodeagent.volume_sources import VolumeContext, VolumeFile, render_files

POD = {
    "metadata": {"name": "ads-1", "namespace": "shop", "labels": {"b": "2", "a": "1"}},
    "spec": {"containers": [{"name": "server", "resources": {"limits": {"memory": "64Mi"}}}]},
    "status": {"podIP": "10.244.0.7"},
}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("ConfigMap", "settings"): {"data": {"a": "1"}, "binaryData": {"b": base64.b64encode(b"\xff").decode()}},
    ("Secret", "hidden"): {"data": {"key": base64.b64encode(b"value").decode()}},
}
CONTEXT = VolumeContext(POD, lambda kind, name: OBJECTS.get((kind, name)), lambda who, life: f"token {who} {life}")


def files(volume: dict[str, Any]) -> dict[str, bytes] | None:
    rendered = render_files(volume, CONTEXT)
    return None if rendered is None else {path: file.content for path, file in rendered.items()}


def test_the_volumes_of_the_api_server_become_files() -> None:
    assert files({"configMap": {"name": "settings"}}) == {"a": b"1", "b": b"\xff"}
    assert files({"configMap": {"name": "settings", "items": [{"key": "a", "path": "deep/c"}]}}) == {"deep/c": b"1"}
    assert files({"secret": {"secretName": "hidden"}}) == {"key": b"value"}
    assert files({"secret": {"secretName": "none", "optional": True}}) == {}
    assert files({"emptyDir": {}}) is None


def test_a_projected_volume_has_files_of_all_its_sources() -> None:
    memory = {"containerName": "server", "resource": "limits.memory", "divisor": "1Mi"}
    volume = {
        "projected": {
            "defaultMode": 0o400,
            "sources": [
                {"serviceAccountToken": {"path": "token", "audience": "me", "expirationSeconds": 600}},
                {"secret": {"name": "hidden"}},
                {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                {"downwardAPI": {"items": [{"path": "memory", "resourceFieldRef": memory, "mode": 0o444}]}},
            ],
        }
    }
    assert render_files(volume, CONTEXT) == {
        "token": VolumeFile(b"token ['me'] 600", 0o400),
        "key": VolumeFile(b"value", 0o400),
        "labels": VolumeFile(b'a="1"\nb="2"', 0o400),
        "memory": VolumeFile(b"64", 0o444),
    }


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"secret": {"secretName": "hidden", "items": [{"key": "x", "path": "x"}]}}, "non-existent config key: x"),
    ],
)
def test_a_volume_without_a_source_is_an_error(volume: dict[str, Any], message: str) -> None:
    with pytest.raises(ContainerStartError, match=message):
        render_files(volume, CONTEXT)


def test_a_volumes_files_change_together(tmp_path: Path) -> None:
    write_volume(tmp_path, {"a": (b"1", 0o644), "deep/b": (b"2", 0o400)})
    assert (tmp_path / "a").read_text() + (tmp_path / "deep/b").read_text() == "12"
    assert stat.S_IMODE((tmp_path / "deep/b").stat().st_mode) == 0o400
    before = (tmp_path / "..data").readlink()
    write_volume(tmp_path, {"a": (b"1", 0o644), "deep/b": (b"2", 0o400)})
    assert (tmp_path / "..data").readlink() == before, "nothing has changed"
    write_volume(tmp_path, {"a": (b"3", 0o644)})
    assert (tmp_path / "a").read_text() == "3"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("..")) == ["a"]
    assert len(list(tmp_path.iterdir())) == 3, "the former files are gone"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x"])
def test_a_file_leads_not_out_of_its_volume(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of its volume"):
        write_volume(tmp_path / "volume", {path: (b"", 0o644)})
    assert not list(tmp_path.iterdir())


def test_the_resolver_follows_the_pods_policy() -> None:
    assert pod_files.resolver_configuration(POD) == (
        "nameserver 10.244.255.254\n"
        "search shop.svc.cluster.local svc.cluster.local cluster.local\n"
        "options ndots:5\n"
    )  # fmt: skip
    settings = {"nameservers": ["10.0.0.1"], "options": [{"name": "ndots", "value": "2"}, {"name": "rotate"}]}
    other = {**POD, "spec": {"dnsPolicy": "None", "dnsConfig": settings}}
    assert pod_files.resolver_configuration(other) == "nameserver 10.0.0.1\noptions ndots:2 rotate\n"


def test_the_hosts_file_knows_the_pod_and_its_aliases() -> None:
    spec = {"hostname": "web-0", "subdomain": "web", "hostAliases": [{"ip": "10.0.0.2", "hostnames": ["x", "y"]}]}
    lines = pod_files.hosts({**POD, "spec": spec}).splitlines()
    assert lines[-2:] == ["10.244.0.7\tweb-0.web.shop.svc.cluster.local\tweb-0", "10.0.0.2\tx\ty"]


def test_layers_are_copied_as_an_overlay_would_show_them(tmp_path: Path) -> None:
    low, high = tmp_path / "low", tmp_path / "high"
    for path in (
        "low/kept",
        "low/gone",
        "low/too",
        "low/folder/old",
        "low/hidden/old",
        "high/folder/new",
        "high/hidden/new",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (low / "link").symlink_to("/etc")
    (high / "link").mkdir()
    (high / "link/file").write_text("high")
    os.mknod(high / "gone", stat.S_IFCHR, 0)
    (high / "too").write_text("")
    os.setxattr(high / "too", "user.overlay.whiteout", b"y")
    os.setxattr(high / "hidden", "user.overlay.opaque", b"y")
    (high / "folder").chmod(0o750)
    copy_layers([low, high], tmp_path / "root")
    paths = {str(path.relative_to(tmp_path / "root")) for path in (tmp_path / "root").rglob("*")}
    expected = {"kept", "folder", "folder/old", "folder/new", "hidden", "hidden/new", "link", "link/file"}
    assert paths == expected
    assert stat.S_IMODE((tmp_path / "root/folder").stat().st_mode) == 0o750
