"""The committed stack files as the engine hands them to the program, and `local` without a mesh."""

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloud import KUBECONFIG, Cloud
from issued import issue
from recording import ROOT, Graph, main, record

PLAIN = "local-plain"
"""What a cluster gets whose owner wants no mesh: `local` without it, reached by a LoadBalancer."""

CANARY = "canary-of-the-registry-credentials"

HTTPS_PORT = "8443"
TARGETS: dict[str, Any] = {name: {"namespace": name, "kubeconfig": KUBECONFIG} for name in ("dev", "test")}

Recorder = Callable[..., Graph]
"""`record_stack`, or the same with a memory."""


def stacks() -> list[str]:
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("Pulumi.*.yaml"))


def deployable() -> list[str]:
    """Return the stacks whose layers exist."""
    return [stack for stack in (*stacks(), PLAIN) if content(stack)["config"]["boutique:cluster"]["kind"] != "eks"]


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


def committed(stack: str) -> tuple[dict[str, str], list[str]]:
    """Return a stack's values, every secret replaced by a canary, and which of them are secret."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    values: dict[str, Any] = {f"boutique:{key}": each["default"] for key, each in project.items() if "default" in each}
    values |= content(stack)["config"]
    if "boutique:platform" in content(stack)["config"]:
        values["boutique:registryCredentials"] = {"secure": ""}
    secret = [key for key, value in values.items() if isinstance(value, dict) and "secure" in value]
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return text | dict.fromkeys(secret, CANARY), secret


def record_stack(
    stack: str,
    *,
    built: bool = True,
    preview: bool = False,
    targets: dict[str, Any] | None = TARGETS,
    config: tuple[dict[str, str], list[str]] | None = None,
    answering: bool = True,
) -> Graph:
    """Record the whole program for a stack file.

    Args:
        stack: Its name.
        built: Whether the cluster has answered before; a first preview knows nothing.
        preview: Whether outputs of resources are unknown.
        targets: What the stack that owns the cluster has as output; None when it was never deployed.
        config: Other values than the file's, and which of them are secret.
        answering: Whether API servers answer without being asked.
    """
    values, secret = config or committed(stack)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig(Path(folder))))
        if answering:
            patch.setattr("boutique.reach.check", lambda *_: None)
        patch.setenv("BOUTIQUE_LAB_FILES", str(lab_files(Path(folder))))
        patch.setenv("BOUTIQUE_LAB_HTTPS_PORT", HTTPS_PORT)
        cloud = Cloud(targets, built=built)
        return record(main, cloud, stack=stack, config=values, secret_keys=secret, preview=preview)


def kubeconfig(folder: Path) -> Path:
    """Write a kubeconfig with every context that a stack file names."""
    clusters = [content(stack)["config"]["boutique:cluster"] for stack in stacks()]
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
                "gateway.networking.k8s.io/bundle-version": "v1.6.0",
                "gateway.networking.k8s.io/channel": "standard",
            },
        },
        "spec": {"properties": {"description": {"description": "A field called description.", "type": "string"}}},
    }
