"""What one stack reads from another: the only place that does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from boutique import kubeconfig, reach
from boutique.settings import StackCluster

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes, in plain text, for a value that a targeted update never learnt (pulumi/pulumi#18006)."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an environment goes: one namespace, and the deployer's kubeconfig for it.

    Attributes:
        namespace: Its name.
        kubeconfig: As JSON; secret.
    """

    namespace: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]


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
        # Secret only because the whole output is.
        namespace=pulumi.Output.unsecret(fact("namespace")),
        kubeconfig=pulumi.Output.secret(fact("kubeconfig").apply(lambda content: _answering(content, cluster))),
    )


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
