"""A feature: what one branch changed, beside the baseline of one environment, and who is sent there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pulumi

from boutique.checks.feature import fits
from boutique.features import feature_workloads
from boutique.kubernetes import live_objects, ownership
from boutique.names import labels
from boutique.names.feature_names import NamingError, preview_host, session_name
from boutique.routing import model, route_conflicts, route_descriptions, route_rendering, route_table
from boutique.routing.model import Table
from boutique.routing.route_conflicts import RouteClaim
from boutique.routing.route_table import RoutingError
from boutique.settings.errors import SettingsError
from boutique.settings.feature_settings import Feature
from boutique.settings.ingress_settings import GATEWAY_API
from components.changedservice import ChangedServiceArgs, FeatureService
from components.routes import Routes, RoutesArgs
from stacks.layers.environment_quota import check_feature
from stacks.provider import provider
from stacks.references import Origin, environment_of

FEATURE = "feature"
"""The output with the section that the stack was deployed with; secret."""


def build(section: Feature) -> None:
    """Deploy the services that changed with the rights of the environment's deployer, then send testers there."""
    owner = pulumi.get_stack()
    origin = environment_of(section.of)
    known = feature_workloads.identity(section)
    services = feature_workloads.changed(origin.settings, section, known.key, origin.secrets)
    mistakes = [
        *fits(section, services, origin.features, datetime.now(UTC)),
        *_unrouted(section, origin, known.key),
    ]
    if mistakes:
        raise SettingsError(mistakes)
    table = _table(section, origin, known.key)
    _check_ownership(section, origin, known.key, table)
    if refusals := check_feature(services, origin.told, meshed=origin.place.meshed):
        raise SettingsError(refusals)

    deployer = provider("deployer", kubeconfig=origin.place.kubeconfig)
    opts = pulumi.ResourceOptions(providers=[deployer])
    annotations = labels.branch(known.branch, section.expires)
    changed = [
        FeatureService(
            each.workload.name,
            ChangedServiceArgs(
                deployed=each,
                namespace=origin.place.namespace,
                kubeconfig=origin.place.kubeconfig,
                owner=owner,
                annotations=annotations,
            ),
            opts,
        )
        for each in services
    ]
    entrance = origin.entrance
    link = pulumi.Output.from_input(entrance.link(preview_host(known.key, entrance.host)))
    if entrance.routing == GATEWAY_API:
        inward = RoutesArgs(
            objects=route_rendering.mesh(entrance.routing, table),
            after=changed,
            namespace=origin.place.namespace,
            owner=owner,
            labels=labels.feature(known.key),
            annotations=annotations,
        )
        mesh = Routes("mesh", inward, opts)
        from_outside = route_rendering.edge(entrance.routing, table, entrance.attached)
        edge = Routes("edge", replace(inward, objects=from_outside, after=[mesh]), opts)
        link = pulumi.Output.all(link, edge.accepted).apply(lambda facts: str(facts[0]))
    pulumi.export("url", link)
    pulumi.export("key", known.key)
    pulumi.export("branch", known.branch)
    pulumi.export("expires", section.expires)
    pulumi.export("of", section.of)
    pulumi.export("versions", {each.workload.name: each.image.version for each in services})
    pulumi.export("sessions", [session_name(each) for each in section.sessions])
    pulumi.export("routes", route_descriptions.described(table, entrance))
    # From here another machine can change the feature without its file; it holds the ids of sessions.
    pulumi.export(FEATURE, pulumi.Output.secret(section.model_dump(by_alias=True, exclude_unset=True, mode="json")))


def _table(section: Feature, origin: Origin, key: str) -> Table:
    """Return the routes that lead to the feature, whichever stack writes them.

    Raises:
        SettingsError: There cannot be such routes.
    """
    environment = route_rendering.environment(origin.settings, section.of, origin.entrance.host)
    own = model.FeatureRouting(
        stack=pulumi.get_stack(),
        key=key,
        services=tuple(section.services),
        sessions=section.sessions,
        header=section.header,
    )
    try:
        added = route_table.additions(environment, own)
    except (RoutingError, NamingError) as error:
        raise SettingsError([f"boutique:feature: {error}"]) from None
    if origin.entrance.routing == GATEWAY_API:
        return added
    listed = next((each for each in route_rendering.features(origin.settings, section.of) if each.key == key), None)
    if listed is None or set(listed.services) != set(own.services):
        pulumi.log.warn(
            f"nobody is sent to the feature {key!r} before the stack {section.of!r} routes it: set "
            f"boutique:environment.features.routes.{key}: {{services: [{', '.join(own.services)}], sessions: […]}} "
            "there and run `pulumi up`; take it out again before this stack is destroyed"
        )
    return route_table.additions(environment, listed) if listed else Table()


def _unrouted(section: Feature, origin: Origin, key: str) -> Iterator[str]:
    """Return a line for each thing that only the environment's stack can do."""
    if origin.entrance.routing == GATEWAY_API:
        return
    for name, given in (("sessions", section.sessions), ("header", section.header)):
        if given:
            yield (
                f"boutique:feature.{name}: with routing.api 'virtual-service' the stack {section.of!r} writes all "
                f"routes; move this to boutique:environment.features.routes.{key}.{name} there"
            )


def _check_ownership(section: Feature, origin: Origin, key: str, table: Table) -> None:
    """Refuse what another stack owns, and what somebody routes in the other API.

    Raises:
        SettingsError: There is such a thing.
    """
    told, stack, api = origin.told, pulumi.get_stack(), origin.entrance.routing
    objects = live_objects.in_namespace(told.kubeconfig, told.namespace, live_objects.FEATURE_KINDS)
    deployments = tuple(each.owned for each in objects if each.kind == live_objects.DEPLOYMENT)
    there = tuple(each.owned for each in objects if each.kind == "HTTPRoute") if api == GATEWAY_API else ()
    sessions = {session_name(each): f"boutique:feature.sessions.{at}" for at, each in enumerate(section.sessions)}
    mistakes = [*ownership.claimed(deployments, there, stack=stack, key=key, sessions=sessions)]
    if api == GATEWAY_API:
        said = f"boutique:feature.of: {section.of!r}: routing.api {api!r}"
        claim = RouteClaim.of(table, origin.entrance, stack=stack, said=said)
        mistakes += route_conflicts.found(told.kubeconfig, told.namespace, claim)
    if mistakes:
        raise SettingsError(mistakes)
    if warning := live_objects.changes(objects, (), stack=stack):
        pulumi.log.warn(warning)
