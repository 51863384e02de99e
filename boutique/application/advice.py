"""What an application lacks for features, releases and HTTPS, though its file is valid."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from boutique.application.application import Application
from boutique.application.application_checks import call_cycle
from boutique.application.call_graph import reachable_features, workload_calls
from boutique.application.container import WorkloadPort
from boutique.application.workload import Workload
from support.port_protocols import ISTIO_PROTOCOLS, declared_protocol, is_known_to_istio, port_protocol

_MUTABLE = ("latest", "main", "master", "edge", "stable", "dev")
"""Tags that are moved from version to version."""
_LONG_NAME = 50
"""Characters; a feature adds its key to the name, and both have 63."""
_LONGEST_PORT_NAME = 15


class Topic(StrEnum):
    """What is not possible, or not safe."""

    FEATURES = "features"
    RELEASES = "releases"
    HTTPS = "https"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Something to improve in the file of an application."""

    topic: Topic
    key: str
    """The key in the file."""
    text: str
    """What is missing, what follows from it, and what to do."""


def application_advice(application: Application) -> Iterator[Advice]:
    """Yield what an application lacks, topic by topic."""
    for topic, lines in (
        (Topic.FEATURES, _features(application)),
        (Topic.RELEASES, _releases(application)),
        (Topic.HTTPS, _https(application)),
    ):
        yield from (Advice(topic=topic, key=key, text=text) for key, text in lines)


def _features(application: Application) -> Iterator[tuple[str, str]]:
    entry = application.entry
    if not entry.session_cookie and not entry.session_header:
        yield (
            "entry",
            "has no sessionCookie and no sessionHeader: testers use preview hosts and the header boutique-feature",
        )
    called = {edge.callee for edge in workload_calls(application)}
    reached = reachable_features(application)
    for workload in application.workloads_by_name.values():
        key = f"workloads.{workload.name}"
        if workload.service_ports and workload.name not in called and workload.name != entry.workload:
            yield key, "has a Service that no workload calls; name it under calls or callsByName of its callers"
        elif workload.service_ports and workload.name not in reached:
            yield key, "no feature of it gets requests: no path of calls from the entry carries `baggage` to it"
        for number, port in enumerate(workload.ports):
            if port.port and port.protocol == "TCP" and not is_known_to_istio(port.name, port.app_protocol):
                yield f"{key}.ports.{number}.{'appProtocol' if port.app_protocol else 'name'}", _unknown_protocol(port)
        if len(workload.name) > _LONG_NAME:
            yield key, f"its name has {len(workload.name)} characters; keys of features are cut to what is left of 63"
    if cycle := call_cycle(application):
        yield (
            "workloads",
            f"call each other in a circle: {' -> '.join(cycle)}; dependenciesFirst begins with any of them",
        )


def _unknown_protocol(port: WorkloadPort) -> str:
    protocols = f"{', '.join(ISTIO_PROTOCOLS[:-1])} or {ISTIO_PROTOCOLS[-1]}"
    spoken = port_protocol(name=port.name, number=port.container_port, app_protocol=port.app_protocol)
    if port.app_protocol:
        remedy = f"set {protocols}, such as {spoken}"
    else:
        name = f"{spoken}-{port.name}"[:_LONGEST_PORT_NAME].strip("-")
        remedy = f"begin it with {protocols}, such as {name}, or set appProtocol"
    declared = port.app_protocol or port.name
    return f"{declared!r}: Istio knows no such protocol, so features get no requests there; {remedy}"


def _releases(application: Application) -> Iterator[tuple[str, str]]:
    for workload in application.workloads_by_name.values():
        yield from ((f"workloads.{workload.name}{key}", text) for key, text in _workload(workload))
    if not application.smoke_pages:
        yield "smokePages", "there are none: `boutique smoke` asks only for the entry; name a page or two"


def _workload(workload: Workload) -> Iterator[tuple[str, str]]:
    image = workload.image
    if image.tag is None:
        yield ".image", "has a digest and no tag: releases show the digest; write repository:tag@sha256:… for both"
    elif image.tag in _MUTABLE and image.digest is None:
        yield ".image", f"the tag {image.tag!r} moves: nodes keep what they pulled first; write a version"
    if workload.service_ports and workload.readiness_probe is None:
        yield "", "has no readinessProbe: a rollout takes a pod for ready as soon as its process has started"
    own = workload.resources
    if not (own.requests.cpu and own.requests.memory and own.limits.cpu and own.limits.memory):
        yield (
            ".resources",
            (
                f"are not complete: requests are {workload.requests.cpu} and {workload.requests.memory}, limits "
                f"{workload.limits.cpu} and {workload.limits.memory}"
            ),
        )


def _https(application: Application) -> Iterator[tuple[str, str]]:
    entry = application.entry_workload
    [first, *_] = entry.service_ports
    if declared_protocol(first.name, first.app_protocol) in ("https", "tls"):
        yield (
            f"workloads.{entry.name}.ports",
            f"the main port {first.name!r} has TLS of its own: the Gateway ends TLS and speaks HTTP to the entry; name "
            "a port with http first",
        )
