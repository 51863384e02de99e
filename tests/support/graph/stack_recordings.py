"""The committed stack files as the engine hands them to the program, and `local` without a mesh."""

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from boutique.application.application_file import KEY
from boutique.mesh import gateway_api_installed
from boutique.outputs import SCHEMA_VERSION, VERSION
from boutique.settings.durations import written
from boutique.settings.mesh_settings import GATEWAY_API_VERSION
from boutique.settings.stack import NAMESPACE
from tests.support.certificate_samples import issue
from tests.support.graph.cloud_answers import KUBECONFIG, Cloud
from tests.support.graph.graph_recorder import PROJECT, ROOT, Graph, main, record
from tests.support.online_boutique import CONTRACT

PLAIN = "local-plain"
"""What a cluster gets whose owner wants no mesh: `local` without it, reached by a LoadBalancer."""

CANARY = "canary-of-the-registry-credentials"

EXPIRES = timedelta(hours=1)
"""How long a committed feature has to live: a date in its file would be over one day."""

HTTPS_PORT = "8443"

ACCOUNT = "111122223333"
"""Whose credentials of AWS there are."""

TARGETS: dict[str, Any] = {
    name: {
        "namespace": name,
        "kubeconfig": KUBECONFIG,
        "features": KUBECONFIG,
        "meshed": True,
        "application": "online-boutique",
        "entrance": {
            "routing": "gateway-api",
            "host": f"{name}.shop.example.com",
            "port": 443,
            "namespace": "istio-ingress",
            "gateway": "ingress",
            "listener": f"https-{name}",
            "previewListener": f"preview-{name}",
        },
    }
    for name in ("dev", "test")
}
DEV: dict[str, Any] = {
    "application": CONTRACT,
    "settings": {"features": {}, "services": {"loadgenerator": {"enabled": False}}},
    "place": TARGETS["dev"],
}
"""What the environment `dev` tells its features."""
PRODUCTION: dict[str, Any] = {**TARGETS["dev"], "namespace": "prod", "channel": {}}
del PRODUCTION["features"]
DEPLOYED = {VERSION: SCHEMA_VERSION}
"""What every stack that this program has deployed has among its outputs."""
STACKS: dict[str, dict[str, Any]] = {
    "nonprod": {**DEPLOYED, "targets": TARGETS},
    "prod-platform": {**DEPLOYED, "targets": {"prod": PRODUCTION}},
    "dev": {**DEPLOYED, "environment": DEV},
}


class EmptyCluster:
    """What the cluster's admin finds in a cluster that has nothing."""

    def request(self, *_: object, **__: object) -> dict[str, Any]:
        return {"items": []}

    def list_metadata(self, _: str, __: str = "") -> tuple[Any, ...]:
        return ()

    def served_resources(self, _: str) -> frozenset[str]:
        return frozenset(gateway_api_installed.NEEDED)


EMPTY = EmptyCluster()
Recorder = Callable[..., Graph]
"""`record_stack`, or the same with a memory."""


def stacks() -> list[str]:
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("Pulumi.*.yaml"))


def deployable() -> list[str]:
    """Return every stack file, and what is made of them."""
    return [*stacks(), PLAIN]


def cluster_of(stack: str) -> str:
    """Return what a stack's cluster is known by: its context, or the stack that made it."""
    config = content(stack)["config"]
    if feature := config.get("boutique:feature"):
        return cluster_of(feature["environment"])
    cluster = config["boutique:cluster"]
    return str(cluster.get("context") or cluster.get("name") or stack)


def content(stack: str) -> dict[str, Any]:
    if stack == PLAIN:
        return _plain()
    loaded: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    return loaded


def _plain() -> dict[str, Any]:
    loaded = content("local")
    platform = loaded["config"]["boutique:platform"]
    del platform["mesh"], platform["ingress"], platform["targets"]["local"]["host"]
    del loaded["config"]["boutique:environment"]["features"]
    loaded["config"]["boutique:environment"]["services"] = {"frontend": {"external": True}}
    return loaded


def committed_values(stack: str) -> tuple[dict[str, str], list[str]]:
    """Return a stack's values, every secret replaced by a canary, and which of them are secret."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    values: dict[str, Any] = {
        f"boutique:{key}": setting["default"] for key, setting in project.items() if "default" in setting
    }
    values[f"{NAMESPACE}:{KEY}"] = project[f"{NAMESPACE}:{KEY}"]["value"]
    values |= content(stack)["config"]
    if values["boutique:feature"].get("environment"):
        values["boutique:feature"] = {**values["boutique:feature"], "expires": written(datetime.now(UTC) + EXPIRES)}
    if "boutique:platform" in content(stack)["config"]:
        values["boutique:registryCredentials"] = {"secure": ""}
    secret = [key for key, value in values.items() if isinstance(value, dict) and "secure" in value]
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    secrets = dict.fromkeys(secret, CANARY)
    if "boutique:registryCredentials" in secrets:
        entry = {"username": "ann", "password": CANARY}
        secrets["boutique:registryCredentials"] = json.dumps({"auths": {"registry.example": entry}})
    return text | secrets, secret


def cluster_region(stack: str) -> str:
    """Return the region of a stack file's cluster, which a user of this repository replaces."""
    config = content(stack)["config"]
    return str(config["boutique:cluster"].get("region") or config["aws:region"])


def record_stack(
    stack: str,
    *,
    built: bool = True,
    preview: bool = False,
    others: Mapping[str, dict[str, Any]] = STACKS,
    config: tuple[dict[str, str], list[str]] | None = None,
    answering: bool = True,
    state: Mapping[str, Mapping[str, Any]] | None = None,
    admin: Any = EMPTY,
    project: str = PROJECT,
) -> Graph:
    """Record the whole program for a stack file.

    Args:
        stack: Its name.
        built: Whether the cluster has answered before; a first preview knows nothing.
        preview: Whether outputs of resources are unknown.
        others: The outputs of other stacks, by name.
        config: Other values than the file's, and which of them are secret.
        answering: Whether API servers answer without being asked.
        state: The stack's own resources before the update, `type` and `outputs` of each by URN.
        admin: What the cluster's admin finds in it.
        project: The name of the project.
    """
    values, secret = config or committed_values(stack)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig(Path(folder))))
        if answering:
            patch.setattr("boutique.kubernetes.client.ensure_reachable", lambda *_: None)
            patch.setattr("boutique.eks.account.check", lambda *_: ACCOUNT)
            patch.setattr("boutique.kubernetes.listing.list_objects", lambda *_, **__: ())
            patch.setattr("boutique.helm.record_store.list_records", lambda *_: ())
            patch.setattr("boutique.kubernetes.api_groups.unavailable", lambda _: ())
        patch.setattr("boutique.kubernetes.client.for_context", lambda *_: admin)
        patch.setattr("boutique.kubernetes.client.for_admin", lambda *_: admin)
        files = lab_files(Path(folder))
        released = "\n---\n".join(path.read_text() for path in (files / "gateway-api").iterdir())
        patch.setattr("boutique.mesh.gateway_api._fetch", lambda _: released)
        patch.setenv("BOUTIQUE_LAB_FILES", str(files))
        patch.setenv("BOUTIQUE_LAB_HTTPS_PORT", HTTPS_PORT)
        patch.setenv("BOUTIQUE_LAB_APPLICATION", "online-boutique")
        cloud = Cloud(others, built=built, state=state)
        return record(main, cloud, stack=stack, config=values, secret_keys=secret, preview=preview, project=project)


def kubeconfig(folder: Path) -> Path:
    """Write a kubeconfig with every context that a stack file names."""
    clusters = [content(stack)["config"].get("boutique:cluster", {}) for stack in stacks()]
    contexts = sorted({cluster["context"] for cluster in clusters if "context" in cluster})
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
                "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts],
            }
        )
    )
    return path


def lab_files(folder: Path) -> Path:
    """Write as much of the files that come with the lab's tools as the program looks at."""
    files = folder / "files"
    for chart in ("base", "istiod", "gateway"):
        (files / "istio/charts" / chart).mkdir(parents=True)
        (files / "istio/charts" / chart / "Chart.yaml").touch()
    (files / "certificate").mkdir()
    served = issue("local", hosts=("shop.localhost", "*.shop.localhost"), now=datetime.now(UTC))
    (files / "certificate/tls.crt").write_text(served.pem)
    (files / "certificate/tls.key").write_text(served.key_pem())
    (files / "gateway-api").mkdir()
    for kind, name in (
        ("CustomResourceDefinition", "httproutes"),
        ("ValidatingAdmissionPolicy", "safe-upgrades"),
        ("ValidatingAdmissionPolicyBinding", "safe-upgrades"),
    ):
        (files / f"gateway-api/{kind}.yaml").write_text(yaml.safe_dump(manifest(kind, name)))
    return files


def manifest(kind: str, name: str) -> dict[str, Any]:
    """Return an object of the Gateway API's release, with descriptions like the real ones."""
    return {
        "kind": kind,
        "metadata": {
            "name": f"{name}.gateway.networking.k8s.io",
            "annotations": {
                "gateway.networking.k8s.io/bundle-version": f"v{GATEWAY_API_VERSION}",
                "gateway.networking.k8s.io/channel": "standard",
            },
        },
        "spec": {"properties": {"description": {"description": "A field called description.", "type": "string"}}},
    }
