"""Fields that have their default value: the API server sets them, and a manifest need not say them."""

from collections.abc import Mapping
from typing import Any

_POD = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "hostNetwork": False,
    "hostPID": False,
    "hostIPC": False,
    "shareProcessNamespace": False,
}
_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "stdin": False,
    "tty": False,
}
_SERVICE = {
    "type": "ClusterIP",
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "externalTrafficPolicy": "Cluster",
    "allocateLoadBalancerNodePorts": True,
    "publishNotReadyAddresses": False,
}
_GIVEN_BY_THE_API_SERVER = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort")
_RUNTIME_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubectl.kubernetes.io/restartedAt",
    "deployment.kubernetes.io/revision",
)


def pod_fields(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a pod's spec that are not the defaults."""
    return _without(spec, _POD)


def container_fields(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a container that are not the defaults."""
    fields = _without(container, _CONTAINER)
    if fields.get("imagePullPolicy") == default_pull_policy(str(fields.get("image"))):
        del fields["imagePullPolicy"]
    return fields


def service_fields(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a Service's spec that are not the defaults, nor given by the API server."""
    fields = _without(spec, _SERVICE)
    for key in _GIVEN_BY_THE_API_SERVER:
        if fields.get(key) != "None":
            fields.pop(key, None)
    return fields


def annotations(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotations of an object that people or programs wrote, not the cluster."""
    return {k: v for k, v in (metadata.get("annotations") or {}).items() if k not in _RUNTIME_ANNOTATIONS}


def default_pull_policy(image: str) -> str:
    """Return the `imagePullPolicy` that the API server sets for an image."""
    tag = image.rpartition("/")[2].partition(":")[2]
    return "IfNotPresent" if "@" in image or tag not in ("", "latest") else "Always"


def _without(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in fields.items()
        if value not in (None, {}, []) and not (key in defaults and defaults[key] == value)
    }
