"""Reads a pod's object: the containers to run for it, and their variables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from lab.nodeagent.capture_settings import is_redirecting

PROXY = "istio-proxy"
"""The container of Istio's agent and Envoy: injected beside an app, or a gateway's only one."""

ISTIOD = "istiod"
"""The value of label `app` by which Istio's chart, and its Service, know the pods of its control plane."""

HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
"""The fields of a pod's spec that ask for namespaces of its node; the lab's nodes have none."""

_UNITS = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


@dataclass(frozen=True)
class Container:
    """A container to stand in for.

    Attributes:
        name: Its name.
        kind: Its program: Istio's agent with Envoy, Istio's control plane, or a stand-in.
        sidecar: Whether it is a native sidecar, started before the others and stopped after them.
        spec: The container in the pod's spec.
        init: Whether it has to end, with success, before those after it are started.
    """

    name: str
    kind: Literal["proxy", "istiod", "app"]
    sidecar: bool
    spec: Mapping[str, Any]
    init: bool = False


def is_istiod(pod: Mapping[str, Any]) -> bool:
    """Say whether a pod is one of Istio's control plane."""
    return (pod["metadata"].get("labels") or {}).get("app") == ISTIOD


def containers(pod: Mapping[str, Any]) -> tuple[Container, ...]:
    """Return the containers in the order of their start, without those whose work the node agent does itself."""
    result = []
    for container in pod["spec"].get("initContainers", []):
        if not is_redirecting(container):
            sidecar = container.get("restartPolicy") == "Always"
            result.append(Container(container["name"], _kind(pod, container), sidecar, container, init=not sidecar))
    result += [
        Container(container["name"], _kind(pod, container), False, container) for container in pod["spec"]["containers"]
    ]
    return tuple(result)


def _kind(pod: Mapping[str, Any], container: Mapping[str, Any]) -> Literal["proxy", "istiod", "app"]:
    if container["name"] == PROXY:
        return "proxy"
    return "istiod" if is_istiod(pod) and container["name"] == "discovery" else "app"


def is_main(container: Container, pod: Mapping[str, Any]) -> bool:
    """Say whether a container is the first of its pod beside the proxy: the one that the pod is about."""
    names = [one["name"] for one in pod["spec"]["containers"] if one["name"] != PROXY]
    return names[:1] == [container.name]


def environment(container: Container, pod: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables a container would see; values out of ConfigMaps and Secrets are left out."""
    variables: dict[str, str] = {}
    for variable in container.spec.get("env", []):
        source = variable.get("valueFrom")
        if source is None:
            variables[variable["name"]] = expand(variable.get("value", ""), variables)
        elif "fieldRef" in source:
            variables[variable["name"]] = field_value(pod, source["fieldRef"]["fieldPath"])
        elif "resourceFieldRef" in source:
            amount = resource_value(container.spec, source["resourceFieldRef"])
            if amount:
                variables[variable["name"]] = amount
    return variables


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace $(NAME) as the kubelet does: unknown names stay, $$ is a dollar."""
    pattern = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
    return pattern.sub(lambda match: "$" if not match[1] else variables.get(match[1], match[0]), text)


def field_value(pod: Mapping[str, Any], path: str) -> str:
    """Return what a `fieldRef` refers to."""
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed:
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return str(value)


def resource_value(container: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """Return what a `resourceFieldRef` refers to; empty if the container has no such request or limit."""
    kind, _, name = reference["resource"].partition(".")
    amount = container.get("resources", {}).get(kind, {}).get(name)
    if amount is None:
        return ""
    divisor = quantity(str(reference.get("divisor", "1"))) or 1
    return str(ceil(quantity(str(amount)) / divisor))


def quantity(text: str) -> float:
    """Return the number behind a quantity of Kubernetes, such as 500m or 128Mi."""
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text)
    if not match:
        message = f"{text!r} is no quantity"
        raise ValueError(message)
    return float(match[1]) * _UNITS.get(match[2], 1)
