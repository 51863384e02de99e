"""Names the fields of a pod that give a container what the lab cannot give: privileges, and parts of the machine.

A container without them would run, and fail in words that say nothing of the cause.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lab.containers.start_errors import ContainerStartError
from lab.nodeagent.pods import HOST_NAMESPACES

_NEEDLESS = frozenset({"NET_BIND_SERVICE"})
"""Capabilities for what every container of the lab can do: listen on ports below 1024."""

_REMEDY = "remove the field for the lab, or run stand-ins: boutique lab up --containers stand-ins"


def refuse_unsupported(pod: Mapping[str, Any], container: Mapping[str, Any]) -> None:
    """Refuse a container that asks for what the lab has not.

    Raises:
        ContainerStartError: It names each of the fields, and what to do.
    """
    problems = [*_pod_problems(pod["spec"]), *_container_problems(container), *_volume_problems(pod["spec"], container)]
    if problems:
        raise ContainerStartError("CreateContainerConfigError", f"{'; '.join(problems)}; {_REMEDY}")


def _pod_problems(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in HOST_NAMESPACES:
        if spec.get(name):
            yield f"spec.{name}: the lab's pods share no namespaces with the machine"


def _container_problems(container: Mapping[str, Any]) -> Iterator[str]:
    context = container.get("securityContext") or {}
    if context.get("privileged"):
        yield "securityContext.privileged: the lab's containers have no privileges"
    added = {str(name).removeprefix("CAP_") for name in (context.get("capabilities") or {}).get("add") or []}
    if missing := sorted(added - _NEEDLESS):
        names = ", ".join(missing)
        yield f"securityContext.capabilities.add: the lab's containers have no capabilities, so not {names}"
    if context.get("procMount", "Default") != "Default":
        yield f"securityContext.procMount: {context['procMount']}: the lab has Default alone"
    if devices := container.get("volumeDevices"):
        names = ", ".join(device["name"] for device in devices)
        yield f"volumeDevices: the lab has no block devices, so not {names}"


def _volume_problems(spec: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[str]:
    host_paths = {volume["name"]: volume["hostPath"] for volume in spec.get("volumes") or [] if "hostPath" in volume}
    for mount in container.get("volumeMounts") or []:
        if mount["name"] in host_paths:
            path = host_paths[mount["name"]].get("path", "")
            yield (
                f"volume {mount['name']}: hostPath {path}: the lab's containers see no folders of the machine, use an "
                "emptyDir, a persistentVolumeClaim or a configMap"
            )
