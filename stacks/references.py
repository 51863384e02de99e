"""What one stack reads from another, with types.

Whatever was in a secret output is plain text in here. What is secret goes into a secret Output before it leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pulumi
from pydantic import ValidationError

from boutique.kubernetes import client, kubeconfig
from boutique.routing.endpoint import GatewayEndpoint
from boutique.settings.feature_settings import Features
from boutique.settings.fields import Section
from boutique.settings.stack import Environment, StackCluster
from boutique.settings.version_channel import Channel
from components.unavailable_apis import warn_of_unavailable_apis
from stacks.stack_outputs import UNKNOWN, outputs
from stacks.target_access import ResolvedTarget, TargetAccess

S = TypeVar("S", bound=Section)

TARGETS = "targets"
"""The output of a stack with a platform: its places, by target; secret."""


ENVIRONMENT = "environment"
"""The output of a stack with an environment: what its features have to know; secret."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """An environment of another stack that allows features.

    Attributes:
        place: Where it is.
        resolved_target: The same, in plain text.
        entrance: Where people's requests come in.
        settings: How it is configured.
        secrets: The secrets of its services by name, in plain text.
        features: What it lets features do.
    """

    place: TargetAccess
    resolved_target: ResolvedTarget
    entrance: GatewayEndpoint
    settings: Environment
    secrets: Mapping[str, str] = field(repr=False)
    features: Features


def environment_facts(settings: Environment, secrets: Mapping[str, str], place: TargetAccess) -> Mapping[str, Any]:
    """Return what features have to know of an environment; `environment_of` reads it.

    Only one that allows features says how it is reached, and the secrets that the services of features get as well.
    """
    return {
        "settings": settings.model_dump(by_alias=True, exclude_unset=True, mode="json"),
        **({"place": place.facts_for_features(), "secrets": dict(secrets)} if settings.features else {}),
    }


def environment_of(stack: str) -> Origin:
    """Return the environment of another stack.

    Raises:
        pulumi.RunError: The stack is not there, was never deployed, has no environment, or one without features.
        KubeconfigError: Its API server does not answer.
    """
    key = "boutique:feature.of"
    stack_outputs = outputs(stack, key)
    if not stack_outputs:
        raise pulumi.RunError(f"{key}: {stack!r}: has not been deployed yet; run `pulumi up` there first")
    if not isinstance(facts := stack_outputs.get(ENVIRONMENT), Mapping):
        raise pulumi.RunError(
            f"{key}: {stack!r}: has no environment; name a stack with boutique:environment, and run `pulumi up` there"
        )
    settings = _settings(facts.get("settings"), stack)
    if settings.features is None:
        raise pulumi.RunError(
            f"{key}: {stack!r}: this environment allows no features; name another, or add "
            "boutique:environment.features: {} to that stack and run `pulumi up` there"
        )
    name = "its environment"
    place_facts = facts.get("place") or {}
    resolved_target, where = place(place_facts, stack, name)
    if where.entrance is None:
        raise pulumi.RunError(f"{key}: {stack!r}: testers come in through an ingress, and that stack has none")
    return Origin(
        place=where,
        resolved_target=resolved_target,
        entrance=where.entrance,
        settings=settings,
        secrets=facts.get("secrets") or {},
        features=settings.features,
    )


def _settings(facts: object, stack: str) -> Environment:
    try:
        return Environment.model_validate(facts)
    except ValidationError:
        raise pulumi.RunError(
            f"stack {stack!r} was deployed by another version of this program; run `pulumi up` there with this one"
        ) from None


def place_of(cluster: StackCluster) -> TargetAccess:
    """Return a target of another stack.

    Raises:
        pulumi.RunError: The stack or the target is not there, or was never deployed.
        KubeconfigError: Its API server does not answer.
    """
    targets = outputs(cluster.name, "boutique:cluster.name").get(TARGETS) or {}
    name = f"target {cluster.target!r}"
    if cluster.target not in targets:
        names = ", ".join(sorted(targets)) or "none; deploy that stack first"
        raise pulumi.RunError(f"stack {cluster.name!r} has no {name}; there are: {names}")
    _, target = place(targets[cluster.target], cluster.name, name)
    return target


def place(facts: Mapping[str, Any], stack: str, name: str) -> tuple[ResolvedTarget, TargetAccess]:
    """Return a place from what another stack says of it.

    Args:
        facts: What `TargetAccess.facts` returned there.
        stack: That stack.
        name: What the place is called in messages.

    Raises:
        pulumi.RunError: Something is not known yet.
        KubeconfigError: The API server does not answer.
    """
    content = _text(facts, "kubeconfig", stack, name)
    client.ensure_reachable(kubeconfig.reached_by(content), f"{name} of stack {stack!r}")
    warn_of_unavailable_apis(content)
    resolved_target = ResolvedTarget(stack=stack, namespace=_text(facts, "namespace", stack, name), kubeconfig=content)
    return resolved_target, TargetAccess(
        namespace=pulumi.Output.from_input(resolved_target.namespace),
        kubeconfig=pulumi.Output.secret(resolved_target.kubeconfig),
        features=pulumi.Output.secret(_text(facts, "features", stack, name)) if facts.get("features") else None,
        entrance=_read(GatewayEndpoint, facts["entrance"], stack, name) if facts.get("entrance") else None,
        channel=_read(Channel, facts["channel"], stack, name) if facts.get("channel") is not None else None,
        # A target that an older version of this program has made says nothing, and most have a mesh.
        meshed=facts.get("meshed") is not False,
        resolved_target=resolved_target,
    )


def _text(facts: Mapping[str, Any], fact: str, stack: str, name: str) -> str:
    value = facts.get(fact)
    if not isinstance(value, str) or value == UNKNOWN:
        raise pulumi.RunError(f"stack {stack!r} does not know the {fact} of {name} yet; run `pulumi up` there")
    return value


def _read(model: type[S], facts: object, stack: str, name: str) -> S:
    try:
        return model.model_validate(facts)
    except ValidationError:
        raise pulumi.RunError(
            f"stack {stack!r} says of the {model.__name__.lower()} of {name} what this program does not understand; "
            "run `pulumi up` there with the same version of it"
        ) from None
