"""What one stack reads from another: the only place that does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from boutique import kubeconfig, reach
from boutique.ingress import RoutingApi
from boutique.settings import StackCluster

_HTTPS = 443
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes, in plain text, for a value that a targeted update never learnt (pulumi/pulumi#18006)."""


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """Where people's requests for an environment come in.

    Attributes:
        routing: What its routes are written in.
        host: Its own; names under it are for previews.
        port: Of links to it.
        gateway: Whom routes attach to, as `<namespace>/<name>`; known once it serves.
        listener: Which of the gateway's listeners is for the host.
        preview_listener: Which one is for the names under it.
    """

    routing: RoutingApi
    host: pulumi.Output[str]
    port: pulumi.Output[int]
    gateway: pulumi.Output[str]
    listener: pulumi.Output[str]
    preview_listener: pulumi.Output[str]

    def facts(self) -> Mapping[str, pulumi.Input[str]]:
        """Return what another stack has to know to make it again, as text."""
        return {
            "routing": self.routing,
            "host": self.host,
            "port": self.port.apply(str),
            "gateway": self.gateway,
            "listener": self.listener,
            "previewListener": self.preview_listener,
        }


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an environment goes: one namespace, and the deployer's kubeconfig for it.

    Attributes:
        stack: The stack that has it among its targets, by its full name.
        target: Its name among them.
        namespace: Its name.
        kubeconfig: As JSON; secret.
        entrance: Where people's requests come in; None without an ingress.
    """

    stack: str
    target: str
    namespace: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    entrance: Entrance | None

    def facts(self) -> Mapping[str, pulumi.Input[str]]:
        """Return what another stack has to know to make it again, as text."""
        entrance = self.entrance.facts() if self.entrance else {}
        return {"namespace": self.namespace, "kubeconfig": self.kubeconfig, **entrance}


def link(host: str, port: int) -> str:
    """Return the link to a host by HTTPS."""
    return f"https://{host}" if port == _HTTPS else f"https://{host}:{port}"


def place_of(cluster: StackCluster) -> Place:
    """Return a target of another stack.

    A target that is not there, or whose API server does not answer, ends the program with a message that names it; a
    stack that is not there ends it with Pulumi's own.
    """
    stack = cluster.name if "/" in cluster.name else f"organization/{pulumi.get_project()}/{cluster.name}"
    targets = pulumi.StackReference(stack).get_output("targets")

    def fact(name: str) -> pulumi.Output[str]:
        return targets.apply(lambda known: _fact(known, cluster, name))

    return Place(
        stack=stack,
        target=cluster.target,
        # Secret only because the whole output is.
        namespace=pulumi.Output.unsecret(fact("namespace")),
        kubeconfig=pulumi.Output.secret(fact("kubeconfig").apply(lambda content: _answering(content, cluster))),
        entrance=_entrance(targets, cluster, cluster.routing) if cluster.routing else None,
    )


def _entrance(targets: pulumi.Output[Any], cluster: StackCluster, routing: RoutingApi) -> Entrance:
    def fact(name: str) -> pulumi.Output[str]:
        # Secret only because the whole output is.
        return pulumi.Output.unsecret(targets.apply(lambda known: _routed(known, cluster, name)))

    return Entrance(
        routing=routing,
        host=fact("host"),
        port=fact("port").apply(int),
        gateway=fact("gateway"),
        listener=fact("listener"),
        preview_listener=fact("previewListener"),
    )


def _routed(targets: Mapping[str, Any] | None, cluster: StackCluster, name: str) -> str:
    """Return what an environment has to know of its entrance, if its routes are of the kind that is understood there.

    That was decided before the other stack could be asked: see `StackCluster.routing`.
    """
    key = f"boutique:cluster.routing: {cluster.routing!r}"
    if "routing" not in (targets or {}).get(cluster.target, {"routing": ""}):
        raise pulumi.RunError(
            f"{key}: stack {cluster.name!r} has no ingress; remove this key, or run `pulumi up` there with "
            "boutique:platform.ingress"
        )
    routing = _fact(targets, cluster, "routing")
    if routing != cluster.routing:
        raise pulumi.RunError(f"{key}: stack {cluster.name!r} has routing.api {routing!r}; write that")
    return _fact(targets, cluster, name)


def _fact(targets: Mapping[str, Any] | None, cluster: StackCluster, name: str) -> str:
    known = targets or {}
    if cluster.target not in known:
        there = ", ".join(sorted(known)) or "none; deploy that stack first"
        raise pulumi.RunError(f"stack {cluster.name!r} has no target {cluster.target!r}; there are: {there}")
    value = known[cluster.target].get(name)
    if not isinstance(value, str) or value == _UNKNOWN:
        raise pulumi.RunError(
            f"stack {cluster.name!r} does not know the {name} of target {cluster.target!r} yet; run `pulumi up` there"
        )
    return value


def _answering(content: str, cluster: StackCluster) -> str:
    try:
        reach.check(kubeconfig.reached_by(content), f"target {cluster.target!r} of stack {cluster.name!r}")
    except kubeconfig.KubeconfigError as error:
        raise pulumi.RunError(str(error)) from None
    return content
