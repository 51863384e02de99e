"""The environment of an audit, read from its stack: its images, its namespace, and whether it can be audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from boutique.settings.durations import Duration
from boutique.settings.ingress_settings import GATEWAY_API
from ops.errors import OperationError
from ops.features.origin import origin
from ops.pulumi.deployed_stack import deployed_stack
from ops.smoke.namespace_objects import Namespace
from support.deadline import Deadline

_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class AuditEnvironment:
    """An environment that can be audited.

    Attributes:
        namespace: Its namespace, with the rights of its deployer.
        images: The images that it runs, by the name of the service.
        maximum_ttl: How long a feature may live there.
    """

    namespace: Namespace
    images: Mapping[str, str]
    maximum_ttl: Duration


def read_environment(project: Path, stack: str) -> AuditEnvironment:
    """Read an environment.

    Args:
        project: The folder of the project.
        stack: Its stack.

    Raises:
        OperationError: It cannot be read, allows no features, has no mesh, or writes the routes of features itself.
    """
    features = origin(project, stack, named="ENV", timeout=_SECONDS)
    if features.entrance.routing != GATEWAY_API:
        raise OperationError(
            f"stack {stack!r}: with routing.api {features.entrance.routing!r} the environment writes the routes of "
            f"features, and an audit brings its own; set boutique:platform.routing.api to {GATEWAY_API!r}"
        )
    if not features.target.meshed:
        raise OperationError(f"stack {stack!r}: its pods have no proxies to read; it needs boutique:platform.mesh")
    deployed = deployed_stack(stack, Deadline(_SECONDS))
    return AuditEnvironment(
        # Feature stacks may not forward ports.
        namespace=Namespace(name=deployed.namespace, deployer=deployed.kubeconfig),
        images={name: str(service.image) for name, service in deployed.services.items()},
        maximum_ttl=features.features.maximum_ttl,
    )
