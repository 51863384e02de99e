"""Fields of pods that the admission policies of an environment's namespace refuse, with the reason."""

from collections.abc import Iterator, MutableMapping
from typing import Any

_NODE = "pods have nothing of their node"
_NEIGHBOURS = "pods push no others aside"
_PRIVILEGES = "pods get no privileges"
POD_FIELDS = {
    "hostNetwork": f"{_NODE}; serve on the pod's own address",
    "hostPID": _NODE,
    "hostIPC": _NODE,
    "nodeName": f"{_NODE}; use nodeSelector",
    "priorityClassName": _NEIGHBOURS,
    "priority": _NEIGHBOURS,
    "tolerations": _NEIGHBOURS,
    "ephemeralContainers": "is for debugging one pod",
}
CONTAINER_SECURITY = {
    "privileged": _PRIVILEGES,
    "procMount": _PRIVILEGES,
    "seLinuxOptions": _PRIVILEGES,
}
VOLUME_KINDS = {
    "hostPath": f"{_NODE}; use an emptyDir or a persistentVolumeClaim",
}


def take_refused_pod_fields(pod: MutableMapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Remove the refused fields of a pod's spec; yield each with the reason."""
    for key, reason in POD_FIELDS.items():
        if pod.pop(key, None) not in (None, False, 0, [], ""):
            yield key, reason
    security = pod.get("securityContext") or {}
    for key in ("sysctls", "seLinuxOptions"):
        if security.pop(key, None):
            yield f"securityContext.{key}", _PRIVILEGES
    yield from _unconfined(security)
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = ((pod.get("affinity") or {}).get(kind) or {}).get(
            "requiredDuringSchedulingIgnoredDuringExecution"
        ) or []
        for term in terms:
            for key in ("namespaces", "namespaceSelector"):
                if term.pop(key, None) is not None:
                    yield f"affinity.{kind}.{key}", "pods keep away from those of their own namespace only"


def take_refused_container_fields(container: MutableMapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Remove the refused fields of a container; yield each with the reason."""
    security = container.get("securityContext") or {}
    for key, reason in CONTAINER_SECURITY.items():
        if security.pop(key, None) not in (None, False, "Default"):
            yield f"securityContext.{key}", reason
    added = (security.get("capabilities") or {}).pop("add", None)
    if added:
        yield f"securityContext.capabilities.add: {', '.join(map(str, added))}", _PRIVILEGES
    yield from _unconfined(security)
    for port in container.get("ports") or []:
        if port.pop("hostPort", None):
            yield f"ports.{port.get('containerPort')}.hostPort", f"{_NODE}; others call the Service"
        port.pop("hostIP", None)
    handlers = [(key, container.get(key)) for key in ("readinessProbe", "livenessProbe", "startupProbe")]
    handlers += [(f"lifecycle.{key}", value) for key, value in (container.get("lifecycle") or {}).items()]
    for key, handler in handlers:
        for action in ("httpGet", "tcpSocket"):
            if ((handler or {}).get(action) or {}).pop("host", None):
                yield f"{key}.{action}.host", "the kubelet asks the pod itself, and no other host"


def _unconfined(security: MutableMapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("seccompProfile", "appArmorProfile"):
        if (security.get(key) or {}).get("type") == "Unconfined":
            del security[key]
            yield f"securityContext.{key}", _PRIVILEGES
