"""The namespace that the deployers' identities live in."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core

from boutique import labels
from boutique.targets import DEPLOYERS_NAMESPACE
from components.metadata import metadata, name_of


@dataclass(frozen=True, kw_only=True)
class DeployersArgs:
    """What `Deployers` needs to know: the stack that owns the namespace."""

    owner: str


class Deployers(pulumi.ComponentResource):
    """A namespace in which no workload runs, so that no pod can mount a deployer's token.

    Attributes:
        namespace: Its name, known once it is there.
    """

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: DeployersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Deployers", name, None, opts)
        namespace = core.v1.Namespace(
            name,
            metadata=metadata(DEPLOYERS_NAMESPACE, owner=args.owner, labels=labels.namespace()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.namespace = name_of(namespace.metadata)
        self.register_outputs({"namespace": self.namespace})
