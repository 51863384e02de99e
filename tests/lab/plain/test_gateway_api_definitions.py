"""Definitions of the Gateway API that are in a cluster already: said at preview, used, taken over, never set back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from boutique.settings.mesh_settings import GATEWAY_API_VERSION
from tests.lab.plain.conftest import TARGETS, platform_of
from tests.support.lab.lab_commands import Lab, eventually
from tests.support.lab.lab_stacks import Stack, project

pytestmark = pytest.mark.lab

BUNDLE, CHANNEL = "gateway.networking.k8s.io/bundle-version", "gateway.networking.k8s.io/channel"
ADDON_MANAGER = "kube-addon-manager"
PROGRAM = """
import os
import pulumi
from boutique.mesh.gateway_api import manifests
from boutique.names.labels import Owner
from boutique.settings.mesh_settings import GatewayApiFolder
from components.gateway_api import GatewayApi, GatewayApiArgs
from stacks.provider import provider

source = GatewayApiFolder(kind="folder", path=os.environ["BOUTIQUE_LAB_FILES"] + "/gateway-api")
opts = pulumi.ResourceOptions(providers=[provider("cluster", context="boutique-lab")])
owner = Owner(stack=pulumi.get_stack(), application="shop")
GatewayApi("api", GatewayApiArgs(manifests=manifests(source), owner=owner, take_over=True), opts)
"""
KIND = "customresourcedefinitions"


@pytest.fixture(scope="module")
def stack(plain: Lab, platform: Stack) -> Iterator[Stack]:
    """The stack that owns the cluster, with a mesh for as long as this module's tests run."""
    yield platform
    platform_of(platform, TARGETS)
    policies = "validatingadmissionpolicies,validatingadmissionpolicybindings"
    plain.kubectl("delete", policies, "safe-upgrades.gateway.networking.k8s.io", "--ignore-not-found")
    remove(plain)


def remove(lab: Lab) -> None:
    if names := definition_names(lab):
        lab.kubectl("delete", KIND, *names)


def files(lab: Lab) -> Path:
    return Path(lab.env["BOUTIQUE_LAB_FILES"])


def configure_stack(lab: Lab, stack: Stack, kind: str = "folder", **gateway_api: Any) -> Stack:
    source = {"kind": kind, **({"path": str(files(lab) / "gateway-api")} if kind == "folder" else {}), **gateway_api}
    mesh = {"charts": {"kind": "folder", "path": str(files(lab) / "istio/charts")}, "gatewayApi": source, "replicas": 1}
    # The mesh is planned only: nothing but the definitions is made.
    return platform_of(stack, TARGETS, mesh=mesh)


def install(lab: Lab, version: str, channel: str, *, only: str = "") -> None:
    """Install the definitions as a cluster's provider does."""
    documents = []
    for path in sorted((files(lab) / "gateway-api").glob(f"*{only}.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document and document["kind"] == "CustomResourceDefinition":
                document["metadata"]["annotations"] |= {BUNDLE: version, CHANNEL: channel}
                documents.append(document)
    arguments = ("apply", "--server-side", "--force-conflicts", "--field-manager", ADDON_MANAGER, "-f", "-")
    lab.kubectl(*arguments, stdin=yaml.safe_dump_all(documents))


def definition_names(lab: Lab) -> list[str]:
    names = lab.kubectl("get", KIND, "-o", "jsonpath={.items[*].metadata.name}").split()
    return [name for name in names if name.endswith(".gateway.networking.k8s.io")]


def annotations(lab: Lab, name: str = "httproutes") -> dict[str, str]:
    metadata: dict[str, str] = json.loads(lab.kubectl("get", KIND, f"{name}.gateway.networking.k8s.io", "-o", "json"))[
        "metadata"
    ]["annotations"]
    return metadata


def refusal_message(stack: Stack) -> str:
    done = stack.pulumi("preview", check=False)
    assert done.returncode != 0
    return done.stdout


def test_definitions_of_others_are_said_at_preview_and_can_be_used(plain: Lab, stack: Stack) -> None:
    install(plain, "v1.4.0", "standard")
    message = refusal_message(configure_stack(plain, stack))
    assert "10 objects of the Gateway API are in the cluster already" in message, message
    assert f"v1.4.0, standard channel, managed by '{ADDON_MANAGER}'" in message
    assert f"this stack would install v{GATEWAY_API_VERSION}" in message
    assert "{kind: present}" in message
    assert "takeOver: true" in message
    configure_stack(plain, stack, "present").pulumi("preview")
    assert annotations(plain)[BUNDLE] == "v1.4.0"

    # The newest that is installed by an experimental bundle, or is newer, is never set back.
    for version, channel in (("v1.7.0", "standard"), ("v1.4.0", "experimental")):
        install(plain, version, channel)
        for key in ({}, {"takeOver": True}):
            message = refusal_message(configure_stack(plain, stack, **key))
            assert f"{version}, {channel} channel" in message, message
            assert f"v{GATEWAY_API_VERSION}, standard channel, which never replaces a newer, experimental or" in message
        assert annotations(plain)[BUNDLE] == version


def test_a_bundle_that_is_too_old_or_in_part_is_said(plain: Lab, stack: Stack) -> None:
    remove(plain)
    message = refusal_message(configure_stack(plain, stack, "present"))
    assert "does not serve gatewayclasses, gateways, httproutes of gateway.networking.k8s.io/v1" in message
    install(plain, "v1.1.0", "standard", only="httproutes")
    message = refusal_message(configure_stack(plain, stack, "present"))
    assert "does not serve gatewayclasses, gateways of" in message, message
    assert "httproutes: v1.1.0, standard channel" in message
    assert "v1.2.0 or later" in message
    assert "1 object of the Gateway API is in the cluster already (httproutes)" in refusal_message(
        configure_stack(plain, stack)
    )


def test_a_definition_that_is_being_deleted_is_said(plain: Lab, stack: Stack) -> None:
    install(plain, "v1.4.0", "standard")
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "stuck", "namespace": "default", "finalizers": ["example.com/never"]},
        "spec": {},
    }
    eventually(lambda: not plain.refusal("apply", "-f", "-", stdin=json.dumps(route)), "the API is served")
    plain.kubectl("delete", KIND, "httproutes.gateway.networking.k8s.io", "--wait=false")
    try:
        for kind in ("folder", "present"):
            message = refusal_message(configure_stack(plain, stack, kind))
            assert "httproutes.gateway.networking.k8s.io is being deleted since" in message, message
    finally:
        plain.kubectl("patch", "httproute", "stuck", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def test_definitions_are_taken_over_and_outlive_the_stack(plain: Lab, stack: Stack, tmp_path: Path) -> None:
    eventually(lambda: "httproutes.gateway.networking.k8s.io" not in definition_names(plain), "the definition is gone")
    install(plain, "v1.4.0", "standard")
    configure_stack(plain, stack, takeOver=True).pulumi("preview")
    # Without the rest of a mesh, for which this lab has no room.
    named = project(tmp_path, plain.env)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    definitions = named("definitions").create().configure()
    definitions.up()
    assert annotations(plain)[BUNDLE] == f"v{GATEWAY_API_VERSION}"
    assert annotations(plain)["boutique.dev/owner"] == definitions.name
    definitions.pulumi("preview", "--refresh", "--expect-no-changes")
    assert "installed by stack 'definitions'" in refusal_message(configure_stack(plain, stack))
    definitions.pulumi("destroy", "--yes", "--skip-preview")
    assert len(definition_names(plain)) == 10
    assert annotations(plain)[BUNDLE] == f"v{GATEWAY_API_VERSION}"
