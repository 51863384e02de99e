"""The namespace that the deployers' identities live in."""

from dataclasses import dataclass

import pulumi

from boutique.names import labels
from boutique.names.labels import Owner
from boutique.targets.target_names import DEPLOYERS_NAMESPACE
from components.metadata import name_of
from components.namespace import namespace


@dataclass(frozen=True, kw_only=True)
class DeployersArgs:
    """What `Deployers` needs to know.

    Attributes:
        deletion_seconds: How long to wait for the end of its namespace.
        owner: The stack that owns the namespace.
    """

    deletion_seconds: int
    owner: Owner


class Deployers(pulumi.ComponentResource):
    """A namespace in which no workload runs, so that no pod can mount a deployer's token.

    Attributes:
        namespace: Its name, known once it is there.
    """

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: DeployersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("boutique:index:Deployers", name, None, opts)
        home = namespace(
            name,
            DEPLOYERS_NAMESPACE,
            labels=labels.namespace(args.owner.application),
            deletion_seconds=args.deletion_seconds,
            owner=args.owner,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.namespace = name_of(home.metadata)
        self.register_outputs({"namespace": self.namespace})
