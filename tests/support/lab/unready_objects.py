"""What a cluster has that is not as it should be: for the message of a test that waited in vain."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LINES = 40


def unready(env: Mapping[str, str]) -> str:
    """Return the Deployments and pods that are not ready, and the end of the lab's logs of pods.

    Args:
        env: Of the lab.
    """
    lines = [*_deployments(env), *_pods(env)]
    logs = Path(env["KUBECONFIG"]).parent / "logs"
    for name in ("node-agent.log", "kwok.log"):
        if (logs / name).is_file():
            lines += [f"{name}:", *(logs / name).read_text(errors="replace").splitlines()[-_LINES:]]
    return "\n".join(lines)


def _deployments(env: Mapping[str, str]) -> Iterator[str]:
    for deployment in _items(env, "deployments"):
        status, metadata = deployment.get("status", {}), deployment["metadata"]
        if status.get("availableReplicas", 0) != deployment["spec"]["replicas"]:
            name = f"{metadata['namespace']}/{metadata['name']}"
            yield f"Deployment {name} {metadata['generation']}: {json.dumps(status)}"


def _pods(env: Mapping[str, str]) -> Iterator[str]:
    for pod in _items(env, "pods"):
        status, metadata = pod.get("status", {}), pod["metadata"]
        ready = {condition["type"]: condition["status"] for condition in status.get("conditions", ())}
        if ready.get("Ready") != "True" or "deletionTimestamp" in metadata:
            yield f"Pod {metadata['namespace']}/{metadata['name']} {metadata['uid']}: {json.dumps(status)}"


def _items(env: Mapping[str, str], kind: str) -> list[dict[str, Any]]:
    command = ["kubectl", "get", kind, "--all-namespaces", "--output", "json", "--request-timeout", "20s"]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False, timeout=60)
    items: list[dict[str, Any]] = json.loads(done.stdout)["items"] if done.returncode == 0 else []
    return items
