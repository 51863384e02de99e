"""Builds the command of a container: the program, its arguments and its variables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.nodeagent.pods import Container, environment, expand, is_main
from lab.nodeagent.proxy_bootstrap import OVERRIDE
from lab.supervision import network

ISTIOD_PORT = 15012
TOKEN = "var/run/secrets/tokens/istio-token"  # noqa: S105 - a path
ROOT = "var/run/secrets/istio/root-cert.pem"
KUBECONFIG = "kubeconfig"
"""The files of Istio's programs, relative to their working directory, the pod's folder."""

PART_OF = "app.kubernetes.io/part-of"
"""The label with the name of the application."""

_DISCOVERY = f"{network.LAB_ADDRESS}:{ISTIOD_PORT}"
_PROXY_FOLDER = "./etc/istio/proxy"


@dataclass(frozen=True)
class PodPrograms:
    """The paths of the programs.

    Attributes:
        tools: The folder of the lab's tools.
        envoy: The Envoy program.
        bootstrap: Istio's template of Envoy's first configuration.
        standin: The command of a stand-in, with {placeholders}: see `standin()`.
    """

    tools: Path
    envoy: Path
    bootstrap: Path
    standin: tuple[str, ...]


@dataclass(frozen=True)
class Start:
    """A command and its variables."""

    command: tuple[str, ...]
    variables: Mapping[str, str]


def start(container: Container, pod: Mapping[str, Any], programs: PodPrograms, services: Path) -> Start:
    """Return the command of a container.

    Args:
        container: The container.
        pod: Its pod.
        programs: The paths of the programs.
        services: The file with the addresses of the Services, for a stand-in.
    """
    variables = environment(container, pod)
    arguments = [expand(argument, variables) for argument in container.spec.get("args", [])]
    if container.kind == "proxy":
        return _proxy(pod, programs, arguments, variables)
    if container.kind == "istiod":
        return _istiod(programs, arguments, variables)
    return Start(standin(programs.standin, container, pod, services), variables)


def _proxy(
    pod: Mapping[str, Any], programs: PodPrograms, arguments: Sequence[str], variables: Mapping[str, str]
) -> Start:
    metadata = pod["metadata"]
    configuration = {
        **json.loads(variables.get("PROXY_CONFIG") or "{}"),
        # There is no DNS in the lab: istiod listens at the lab's own address, for which its certificate is valid too.
        "discoveryAddress": _DISCOVERY,
        "binaryPath": str(programs.envoy),
        "configPath": _PROXY_FOLDER,
        # One worker thread per Envoy: there are dozens of them on one machine.
        "concurrency": 1,
    }
    return Start(
        (str(programs.tools / "pilot-agent"), *arguments, f"--templateFile={programs.bootstrap}"),
        {
            **variables,
            "CA_ADDR": _DISCOVERY,
            "JWT_POLICY": "third-party-jwt",
            # Else it spends two seconds of every start looking for the metadata server of a cloud.
            "CLOUD_PLATFORM": "none",
            "ISTIO_BOOTSTRAP_OVERRIDE": OVERRIDE,
            "PROXY_CONFIG": json.dumps(configuration),
            "ISTIO_METAJSON_LABELS": json.dumps(metadata.get("labels") or {}),
            "ISTIO_METAJSON_ANNOTATIONS": json.dumps(metadata.get("annotations") or {}),
        },
    )


def _istiod(programs: PodPrograms, arguments: Sequence[str], variables: Mapping[str, str]) -> Start:
    hosts = [variables.get("ISTIOD_CUSTOM_HOST", ""), "localhost", network.LOOPBACK, network.LAB_ADDRESS]
    return Start(
        (str(programs.tools / "pilot-discovery"), *arguments, f"--kubeconfig={KUBECONFIG}"),
        {
            **{name: value for name, value in variables.items() if name != "KUBECONFIG"},
            "ISTIOD_CUSTOM_HOST": ",".join(filter(None, hosts)),
            # Stock Envoy lacks the filters that Istio's own build of it has.
            "PILOT_ENABLE_METADATA_EXCHANGE": "false",
            "PILOT_ENABLE_ALPN_FILTER": "false",
        },
    )


def standin(template: Sequence[str], container: Container, pod: Mapping[str, Any], services: Path) -> tuple[str, ...]:
    """Return the command of a stand-in.

    Args:
        template: The command with placeholders: {application}, {workload}, {container}, {pod}, {namespace}, {ip},
            {version}, {image}, {ports} (comma-separated), {named_ports} (`8080:http`, comma-separated) and {services}.
        container: The container it stands in for.
        pod: Its pod.
        services: The file with the addresses of the Services.
    """
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    ports = container.spec.get("ports", [])
    values = {
        # Labels are those of the workload's own container; one beside it is known by its ports alone.
        "application": labels.get(PART_OF, "") if is_main(container, pod) else "",
        "workload": labels.get("app.kubernetes.io/name") or labels.get("app") or container.name,
        "container": container.name,
        "pod": metadata["name"],
        "namespace": metadata["namespace"],
        "ip": pod["status"].get("podIP", ""),
        "version": labels.get("app.kubernetes.io/version") or _tag(container.spec.get("image", "")),
        "image": container.spec.get("image", ""),
        "ports": ",".join(str(port["containerPort"]) for port in ports),
        "named_ports": ",".join(f"{port['containerPort']}:{port.get('name', '')}" for port in ports),
        "services": str(services),
    }
    command = []
    for part in template:
        for name, value in values.items():
            part = part.replace(f"{{{name}}}", value)
        command.append(part)
    return tuple(command)


def _tag(image: str) -> str:
    _, colon, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return tag if colon else "latest"
