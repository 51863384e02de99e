"""The target of an environment, from its own stack or another one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from boutique.routing.endpoint import GatewayEndpoint
from boutique.settings.version_channel import Channel


@dataclass(frozen=True, kw_only=True)
class ResolvedTarget:
    """A target's namespace and kubeconfig as plain strings, for API calls that the program makes while it runs.

    Attributes:
        stack: Which one.
        namespace: See `TargetAccess`.
        kubeconfig: See `TargetAccess`; secret.
    """

    stack: str
    namespace: str
    kubeconfig: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TargetAccess:
    """Where an environment goes: one namespace, and the deployer's kubeconfig for it.

    Attributes:
        namespace: Its name.
        kubeconfig: As JSON; secret.
        handed_on: What other stacks and CI get in its place, who may have another way to the API server; secret.
        features: That of feature stacks; None if none may come.
        entrance: Where people's requests come in; None without an ingress.
        channel: Which versions it lets in; None for all.
        meshed: Whether each of its pods has a proxy, which counts against the quota.
        serving: What has to be there before a route is; nothing if another stack has built it.
        resolved_target: The same as plain strings, if another stack has the target.
    """

    namespace: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    handed_on: pulumi.Output[str] | None = None
    features: pulumi.Output[str] | None = None
    entrance: GatewayEndpoint | None
    channel: Channel | None = None
    meshed: bool = True
    serving: Sequence[pulumi.Resource] = ()
    resolved_target: ResolvedTarget | None = None

    def facts(self) -> Mapping[str, Any]:
        """Return what another stack has to know to make it again; `stacks.references.place` reads it."""
        channel = {"channel": self.channel.model_dump(by_alias=True)} if self.channel else {}
        features = {"features": self.features} if self.features else {}
        return {**self._reached_with(self.handed_on or self.kubeconfig), **features, **channel}

    def facts_for_features(self) -> Mapping[str, Any]:
        """Return what feature stacks have to know to make it again, with the rights of feature stacks only."""
        return self._reached_with(self.features)

    def _reached_with(self, kubeconfig: pulumi.Output[str] | None) -> Mapping[str, Any]:
        entrance = {"entrance": self.entrance.model_dump(by_alias=True)} if self.entrance else {}
        return {"namespace": self.namespace, "kubeconfig": kubeconfig, "meshed": self.meshed, **entrance}
