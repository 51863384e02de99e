"""The target of an environment, from its own stack or another one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from boutique.outputs import TargetOutput
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
        application: The name of the application that it is for.
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
    application: str
    serving: Sequence[pulumi.Resource] = ()
    resolved_target: ResolvedTarget | None = None

    def output(self) -> pulumi.Output[TargetOutput]:
        """Return the target as other stacks get it."""
        return self._output(self.handed_on or self.kubeconfig, self.features)

    def output_for_features(self) -> pulumi.Output[TargetOutput]:
        """Return the target as feature stacks get it, with their rights only."""
        return self._output(self.features, None)

    def _output(
        self, kubeconfig: pulumi.Output[str] | None, features: pulumi.Output[str] | None
    ) -> pulumi.Output[TargetOutput]:
        return pulumi.Output.all(namespace=self.namespace, kubeconfig=kubeconfig, features=features).apply(
            lambda late: TargetOutput(
                **late,
                entrance=self.entrance,
                channel=self.channel,
                meshed=self.meshed,
                application=self.application,
            )
        )
