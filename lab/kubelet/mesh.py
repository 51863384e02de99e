"""Reports the status of the proxies, by asking Envoy and istiod."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lab.kubelet.connecting import get
from lab.nodeagent.pod_worker import PodWorker
from lab.nodeagent.pods import is_istiod

PATH = "mesh"

_ADMIN_PORT = 15000
"""Envoy's administration: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--certs"""

_MONITORING_PORT = 15014
"""istiod's, which has what `istioctl proxy-status` shows: istio.io/istio/pilot/pkg/xds/debug.go, SyncStatus."""

_PATIENCE = 1.0
_TROUBLES = (OSError, TimeoutError, ValueError, KeyError, TypeError)


async def proxies(pods: Sequence[PodWorker]) -> list[dict[str, Any]]:
    """Return for each pod with a proxy what Envoy and istiod report.

    Returns:
        The fields of lab.proxies.ProxyStatus.
    """
    running = [pod for pod in pods if not pod.ended]
    meshed = [pod for pod in running if any(worker.container.kind == "proxy" for worker in pod.workers)]
    istiods = [pod for pod in running if is_istiod(pod.pod) and pod.workers]
    views = asyncio.gather(*(_view(pod) for pod in istiods))
    certificates = await asyncio.gather(*(_certificate(pod) for pod in meshed))
    answers = [view for view in await views if view is not None]
    states = {name: state for view in answers for name, state in view.items()}
    return [
        {
            "namespace": pod.pod["metadata"]["namespace"],
            "pod": pod.pod["metadata"]["name"],
            "alive": certificate is not None,
            "sync": states.get(_name(pod), "unknown to istiod" if answers else "istiod does not answer"),
            **(certificate or {"valid_from": 0.0, "expires": 0.0}),
        }
        for pod, certificate in zip(meshed, certificates, strict=True)
    ]


def _name(pod: PodWorker) -> str:
    """Return what istiod calls a proxy."""
    return f"{pod.pod['metadata']['name']}.{pod.pod['metadata']['namespace']}"


async def _certificate(pod: PodWorker) -> dict[str, float] | None:
    """Return the life of the certificate that an Envoy uses, or nothing if it does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return validity(json.loads(await get(pod.sandbox.network, _ADMIN_PORT, "/certs")))
    except _TROUBLES:
        return None


def validity(certs: Mapping[str, Any]) -> dict[str, float]:
    """Return from when to when a workload's certificate is good, from Envoy's report of all certificates."""
    chains = [certificate["cert_chain"] for certificate in certs["certificates"] if certificate.get("cert_chain")]
    lives = [(_seconds(chain[0]["valid_from"]), _seconds(chain[0]["expiration_time"])) for chain in chains]
    valid_from, expires = max(lives, default=(0.0, 0.0))
    return {"valid_from": valid_from, "expires": expires}


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


async def _view(istiod: PodWorker) -> dict[str, str] | None:
    """Return how an istiod sees the proxies that are connected to it, or nothing if it does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE):
            statuses = json.loads(await get(istiod.sandbox.network, _MONITORING_PORT, "/debug/syncz"))
        return {status["proxy"]: sync(status.get("resources") or {}) for status in statuses}
    except _TROUBLES:
        return None


def sync(resources: Mapping[str, Mapping[str, str]]) -> str:
    """Return how up to date a proxy's configuration is: `synced`, or the first kind that is not and why.

    Args:
        resources: What istiod last sent of each kind, and what the proxy acknowledged.
    """
    for kind, versions in sorted(resources.items()):
        short = kind.rpartition(".")[2]
        if versions.get("lastError"):
            return f"{short} refused"
        if not versions.get("sent"):
            return f"{short} not sent"
        if versions.get("acked") != versions["sent"]:
            return f"{short} stale"
    return "synced" if resources else "nothing sent"
