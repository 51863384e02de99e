"""Only the manifests of the release that the program is made for are taken, and every refusal says what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from boutique.mesh.gateway_api import GatewayApiError, manifests
from boutique.settings.mesh_settings import GATEWAY_API_VERSION, GatewayApiFolder, GatewayApiRelease
from lab.toolchain.go_mod import required_version
from lab.toolchain.tools import MODULES

BUNDLE, CHANNEL = "gateway.networking.k8s.io/bundle-version", "gateway.networking.k8s.io/channel"


def definition(**annotations: str) -> dict[str, Any]:
    marks = {BUNDLE: f"v{GATEWAY_API_VERSION}", CHANNEL: "standard"}
    return {
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "httproutes.gateway.networking.k8s.io", "annotations": marks | annotations},
        "spec": {"versions": [{"schema": {"description": "long", "properties": {"description": {"type": "string"}}}}]},
    }


def test_the_release_is_the_one_that_the_lab_has() -> None:
    assert required_version(MODULES / "kubernetes", "sigs.k8s.io/gateway-api") == f"v{GATEWAY_API_VERSION}"


def write_definitions(folder: Path, *documents: Any) -> GatewayApiFolder:
    (folder / "all.yaml").write_text(yaml.safe_dump_all(documents))
    return GatewayApiFolder(kind="folder", path=str(folder))


def test_every_document_is_read_without_descriptions_of_fields(tmp_path: Path) -> None:
    [manifest] = manifests(write_definitions(tmp_path, definition(), None))
    assert manifest["spec"] == {"versions": [{"schema": {"properties": {"description": {"type": "string"}}}}]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            definition(**{BUNDLE: "v1.5.1"}),
            f"has .*bundle-version 'v1.5.1'; this program is made for 'v{GATEWAY_API_VERSION}'",
        ),
        (definition(**{CHANNEL: "experimental"}), "has .*channel 'experimental'; this program is made for 'standard'"),
        ({"kind": "Deployment", "metadata": {"name": "x"}}, "holds Deployment, which is no part of the Gateway API"),
        ("text", "holds what is no object, which is no part"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(GatewayApiError, match=message):
        manifests(write_definitions(tmp_path, document))


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GatewayApiError, match="holds no CustomResourceDefinition; name the folder"):
        manifests(GatewayApiFolder(kind="folder", path=str(tmp_path)))


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("{")
    with pytest.raises(GatewayApiError, match="is not YAML"):
        manifests(GatewayApiFolder(kind="folder", path=str(tmp_path)))


def test_an_address_that_does_not_answer_names_the_way_without_a_network() -> None:
    with pytest.raises(GatewayApiError, match=r"cannot be read: .*download it once and say \{kind: folder"):
        manifests(GatewayApiRelease(kind="release", url="https://127.0.0.1:1/standard-install.yaml"))
