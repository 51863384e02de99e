"""How the proxies are, asked of themselves and of the control plane."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lab.kubelet.connecting import get
from lab.nodeagent.pods import is_istiod
from lab.nodeagent.runner import Runner

PATH = "mesh"

_ADMIN_PORT = 15000
"""Envoy's administration: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--certs"""

_MONITORING_PORT = 15014
"""istiod's, which tells what `istioctl proxy-status` shows: istio.io/istio/pilot/pkg/xds/debug.go, SyncStatus."""

_PATIENCE = 1.0
_TROUBLES = (OSError, TimeoutError, ValueError, KeyError, TypeError)


async def proxies(pods: Sequence[Runner]) -> list[dict[str, Any]]:
    """Return for each pod with a proxy what Envoy and istiod say of it.

    Returns:
        The fields of lab.proxies.ProxyStatus.
    """
    found = [one for one in pods if any(keeper.container.kind == "proxy" for keeper in one.keepers)]
    istiods = [one for one in pods if is_istiod(one.pod) and one.keepers]
    views = asyncio.gather(*(_view(one) for one in istiods))
    certificates = await asyncio.gather(*(_certificate(one) for one in found))
    said = [view for view in await views if view is not None]
    known = {name: state for view in said for name, state in view.items()}
    return [
        {
            "namespace": one.pod["metadata"]["namespace"],
            "pod": one.pod["metadata"]["name"],
            "alive": certificate is not None,
            "sync": known.get(_name(one), "unknown to istiod" if said else "istiod does not answer"),
            **(certificate or {"valid_from": 0.0, "expires": 0.0}),
        }
        for one, certificate in zip(found, certificates, strict=True)
    ]


def _name(pod: Runner) -> str:
    """Return what istiod calls a proxy."""
    return f"{pod.pod['metadata']['name']}.{pod.pod['metadata']['namespace']}"


async def _certificate(pod: Runner) -> dict[str, float] | None:
    """Return the life of the certificate that an Envoy uses, or nothing if it does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return validity(json.loads(await get(pod.sandbox.network, _ADMIN_PORT, "/certs")))
    except _TROUBLES:
        return None


def validity(certs: Mapping[str, Any]) -> dict[str, float]:
    """Return from when to when a workload's certificate is good, out of what Envoy says of all of them."""
    chains = [one["cert_chain"] for one in certs["certificates"] if one.get("cert_chain")]
    lives = [(_seconds(chain[0]["valid_from"]), _seconds(chain[0]["expiration_time"])) for chain in chains]
    valid_from, expires = max(lives, default=(0.0, 0.0))
    return {"valid_from": valid_from, "expires": expires}


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


async def _view(istiod: Runner) -> dict[str, str] | None:
    """Return how an istiod sees the proxies that are connected to it, or nothing if it does not answer."""
    try:
        async with asyncio.timeout(_PATIENCE):
            found = json.loads(await get(istiod.sandbox.network, _MONITORING_PORT, "/debug/syncz"))
        return {one["proxy"]: sync(one.get("resources") or {}) for one in found}
    except _TROUBLES:
        return None


def sync(resources: Mapping[str, Mapping[str, str]]) -> str:
    """Return how up to date a proxy's configuration is: `synced`, or the first kind that is not and why.

    Args:
        resources: What istiod last sent of each kind, and what the proxy acknowledged.
    """
    for kind, one in sorted(resources.items()):
        short = kind.rpartition(".")[2]
        if one.get("lastError"):
            return f"{short} refused"
        if not one.get("sent"):
            return f"{short} not sent"
        if one.get("acked") != one["sent"]:
            return f"{short} stale"
    return "synced" if resources else "nothing sent"
