"""The routes of an environment behind an ingress: which they are, whether others are in their way, and making them."""

from collections.abc import Sequence

import pulumi

from boutique.application.application import Application
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.names.feature_names import NamingError
from boutique.routing import route_conflicts, route_rendering, route_table
from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import Table
from boutique.routing.route_conflicts import RouteClaim
from boutique.routing.route_table import RoutingError
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.ingress_settings import GATEWAY_API
from boutique.settings.stack import Environment
from components.metadata import ObjectScope
from components.routes import Routes, RoutesArgs
from stacks.target_access import TargetAccess


def table(application: Application, section: Environment, entrance: GatewayEndpoint, owner: str) -> Table:
    """Return all routes that the environment's stack writes.

    Raises:
        SettingsError: It routes features that it cannot.
    """
    key = "boutique:environment.features.routes"
    features = route_rendering.features(section, owner)
    if features and entrance.routing == GATEWAY_API:
        raise SettingsError(
            [
                ErrorLine(
                    "features-route-themselves",
                    f"{key}: with routing.api 'gateway-api' each feature's own stack routes it; remove them",
                )
            ]
        )
    try:
        return route_table.table(route_rendering.environment(application, section, owner, entrance.host), features)
    except (RoutingError, NamingError) as error:
        raise SettingsError([ErrorLine("invalid-routes", f"{key}: {error}")]) from None


def conflict_free_kubeconfig(
    written: Table, access: TargetAccess, entrance: GatewayEndpoint, owner: str
) -> pulumi.Output[str]:
    """Return the deployer's kubeconfig, unless others route in the other API what the environment routes.

    Everything of the environment is made with it, so nothing is before that is known. A kubeconfig of this very stack
    is known once its target is there: in a preview if nothing of the target changes, else in the update.

    Raises:
        SettingsError: Others do, and the kubeconfig is another stack's; else `pulumi.RunError` ends the program
            as soon as it is known.
        KubeconfigError: That other stack's API server does not answer, or refuses the token.
    """
    resolved_target, api = access.resolved_target, entrance.routing
    setting = (
        f"boutique:cluster.name: {resolved_target.stack!r}: routing.api {api!r}"
        if resolved_target
        else f"boutique:platform.routing.api: {api!r}"
    )
    claim = RouteClaim.of(written, entrance, stack=owner, setting=setting, previews=True)
    if resolved_target:
        if errors := route_conflicts.find_conflicts(resolved_target.kubeconfig, resolved_target.namespace, claim):
            raise SettingsError(errors)
        return access.kubeconfig

    def check_conflicts(content: str, namespace: str) -> str:
        try:
            errors = route_conflicts.find_conflicts(content, namespace, claim)
        except KubeconfigError as error:
            # The token or its rights may be a moment old, or of a cluster that is gone. Whoever may not even read there
            # changes nothing either.
            pulumi.log.warn(f"routes of others were not looked for: {error}")
            return content
        if errors:
            raise pulumi.RunError(str(SettingsError(errors)))
        return content

    return pulumi.Output.all(access.kubeconfig, access.namespace).apply(lambda outputs: check_conflicts(*outputs))


def build(
    written: Table,
    access: TargetAccess,
    entrance: GatewayEndpoint,
    scope: ObjectScope,
    reached: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Build the routes that lead to the environment, and return the link to it."""
    args = RoutesArgs(
        objects=[
            *route_rendering.mesh(entrance.routing, written),
            *route_rendering.edge(entrance.routing, written, entrance.parent_gateway),
        ],
        after=[*access.serving, *reached],
        scope=scope,
    )
    objects = Routes("routes", args, opts)
    return objects.accepted.apply(lambda _: entrance.link(entrance.host))
