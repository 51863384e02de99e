"""The files that Istio's programs find in their pod: tokens, the mesh's root certificate, a kubeconfig."""

import asyncio
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

import yaml

from lab.kubernetes import certificates
from lab.kubernetes.api import Api
from lab.kubernetes.controlplane import API_PORT
from lab.nodeagent.commands import KUBECONFIG, ROOT, TOKEN
from lab.nodeagent.pods import is_istiod
from lab.nodeagent.proxy_bootstrap import OVERRIDE, bootstrap_override
from lab.supervision import network
from support.files import replace_file

_LIFE = 43200
"""Seconds that a token is good for, as in Istio's own pods."""

_RENEWAL = _LIFE / 4
_PAUSE = 0.5
_API_TOKEN = "var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
_AUDIENCE = "istio-ca"
_FOLDERS = ("etc/istio/proxy", "etc/istio/pod", "var/lib/istio/data")


async def keep(api: Api, pod: Mapping[str, Any], folder: Path, pki: Path, written: asyncio.Event) -> None:
    """Write a pod's files and renew what runs out, for as long as the pod lives.

    Args:
        api: The API server.
        pod: The pod.
        folder: The working directory of its programs.
        pki: The folder of the cluster's certificates.
        written: Is set once every file is there.
    """
    while True:
        try:
            await asyncio.to_thread(_write, api, pod, folder, pki)
        except (OSError, HTTPException):
            # istiod may still have to publish its root in a new namespace, or the API server is being restarted.
            await asyncio.sleep(_PAUSE)
            continue
        written.set()
        await asyncio.sleep(_RENEWAL)


def _write(api: Api, pod: Mapping[str, Any], folder: Path, pki: Path) -> None:
    for path in (*_FOLDERS, *(str(Path(file).parent) for file in (TOKEN, ROOT, _API_TOKEN))):
        (folder / path).mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(folder / TOKEN, request_token(api, pod, [_AUDIENCE], _LIFE))
    if is_istiod(pod):
        replace_file(folder / _API_TOKEN, request_token(api, pod, [], _LIFE))
        replace_file(folder / KUBECONFIG, _kubeconfig(folder, pki))
        return
    replace_file(folder / OVERRIDE, bootstrap_override())
    namespace = pod["metadata"]["namespace"]
    root = api.get(f"/api/v1/namespaces/{namespace}/configmaps/istio-ca-root-cert")
    replace_file(folder / ROOT, root["data"]["root-cert.pem"])


def request_token(api: Api, pod: Mapping[str, Any], audiences: list[str], seconds: int) -> str:
    """Return a token of the pod's own ServiceAccount: it is worth no more, and no longer, than the pod.

    Args:
        api: The API server.
        pod: The pod.
        audiences: Who may accept it; the API server if empty.
        seconds: How long it is good for.
    """
    metadata = pod["metadata"]
    account = pod["spec"].get("serviceAccountName", "default")
    bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound},
    }
    path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
    return str(api.create(path, request)["status"]["token"])


def _kubeconfig(folder: Path, pki: Path) -> str:
    """Return istiod's way to the API server: with its ServiceAccount's rights, like a pod anywhere."""
    server = f"https://{network.LAB_ADDRESS}:{API_PORT}"
    authority = str(pki / certificates.AUTHORITY_FILE)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "clusters": [{"name": "lab", "cluster": {"server": server, "certificate-authority": authority}}],
        "users": [{"name": "lab", "user": {"tokenFile": str(folder / _API_TOKEN)}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
    }
    return yaml.safe_dump(content, sort_keys=False)
