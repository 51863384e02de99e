"""A feature: what one branch changed, beside the baseline of one environment, and who is sent there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pulumi

from boutique.application.application import Application
from boutique.application.application_file import load_application
from boutique.application.contract import contract, contract_errors
from boutique.checks.feature import errors as feature_errors
from boutique.checks.feature import fits
from boutique.features import feature_workloads
from boutique.kubernetes import live_objects, ownership
from boutique.names import labels
from boutique.names.feature_names import NamingError, preview_host, session_name
from boutique.names.labels import Owner
from boutique.outputs import FeatureOutputs, Origin
from boutique.routing import model, route_conflicts, route_descriptions, route_rendering, route_table
from boutique.routing.model import Table
from boutique.routing.route_conflicts import RouteClaim
from boutique.routing.route_table import RoutingError
from boutique.settings.durations import written
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.feature_settings import Feature
from boutique.settings.ingress_settings import GATEWAY_API
from components.changedservice import ChangedServiceArgs, FeatureService
from components.metadata import ObjectScope
from components.routes import Routes, RoutesArgs
from stacks.configuration import project_folder
from stacks.layers.environment_quota import check_feature
from stacks.provider import provider
from stacks.references import environment_of
from stacks.stack_outputs import export
from stacks.target_access import ResolvedTarget


def build(section: Feature) -> None:
    """Deploy the services that changed with the rights of the environment's deployer, then send testers there."""
    owner = pulumi.get_stack()
    origin = environment_of(section.environment)
    application = _application(origin, section)
    identity = feature_workloads.identity(application, section)
    services = feature_workloads.feature_workloads(application, origin.settings, section, identity.key, origin.secrets)
    errors = [
        *fits(section, services, origin.features, datetime.now(UTC)),
        *_routing_errors(section, origin, identity.key),
    ]
    if errors:
        raise SettingsError(errors)
    table = _table(application, section, origin, identity.key)
    _check_ownership(section, origin, identity.key, table)
    target = origin.target
    access = ResolvedTarget(stack=origin.stack, namespace=target.namespace, kubeconfig=target.kubeconfig)
    if refusals := check_feature(application, services, access, meshed=target.meshed):
        raise SettingsError(refusals)

    kubeconfig = pulumi.Output.secret(target.kubeconfig)
    scope = ObjectScope(namespace=target.namespace, owner=Owner(stack=owner, application=application.name))
    deployer = provider("deployer", kubeconfig=kubeconfig)
    opts = pulumi.ResourceOptions(providers=[deployer])
    expires = written(section.expires) if section.expires else None
    annotations = labels.branch(identity.branch, expires)
    changed = [
        FeatureService(
            service.workload.name,
            ChangedServiceArgs(
                deployed=service,
                scope=scope,
                kubeconfig=kubeconfig,
                annotations=annotations,
            ),
            opts,
        )
        for service in services
    ]
    entrance = origin.entrance
    link = pulumi.Output.from_input(entrance.link(preview_host(identity.key, entrance.host)))
    if entrance.routing == GATEWAY_API:
        inward = RoutesArgs(
            objects=route_rendering.mesh(entrance.routing, table),
            after=changed,
            scope=scope,
            labels=labels.feature(application.name, identity.key),
            annotations=annotations,
        )
        mesh = Routes("mesh", inward, opts)
        from_outside = route_rendering.edge(entrance.routing, table, entrance.parent_gateway)
        edge = Routes("edge", replace(inward, objects=from_outside, after=[mesh]), opts)
        link = pulumi.Output.all(link, edge.accepted).apply(lambda facts: str(facts[0]))
    export(
        FeatureOutputs,
        url=link,
        key=identity.key,
        branch=identity.branch,
        expires=expires,
        of=section.environment,
        versions={service.workload.name: service.image.version for service in services},
        sessions=[session_name(session) for session in section.sessions],
        routes=route_descriptions.describe_routes(table, entrance),
        # From here another machine can change the feature without its file; it holds the ids of sessions.
        feature=pulumi.Output.secret(section.model_dump(by_alias=True, exclude_unset=True, mode="json")),
    )


def _application(origin: Origin, section: Feature) -> Application:
    """Return the application of the environment, as the feature's own checkout has it.

    Raises:
        SettingsError: It differs from the environment's where that matters, or the feature does not fit it.
    """
    reference = origin.application.reference
    application = load_application(reference, project_folder())
    if errors := [
        *contract_errors(origin.application, contract(application, reference), origin.stack),
        *feature_errors(application, section),
    ]:
        raise SettingsError(errors)
    return application


def _table(application: Application, section: Feature, origin: Origin, key: str) -> Table:
    """Return the routes that lead to the feature, whichever stack writes them.

    Raises:
        SettingsError: There cannot be such routes.
    """
    environment = route_rendering.environment(application, origin.settings, section.environment, origin.entrance.host)
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
        raise SettingsError([ErrorLine("invalid-routes", f"boutique:feature: {error}")]) from None
    if origin.entrance.routing == GATEWAY_API:
        return added
    listed = next(
        (feature for feature in route_rendering.features(origin.settings, section.environment) if feature.key == key),
        None,
    )
    if listed is None or set(listed.services) != set(own.services):
        pulumi.log.warn(
            f"no requests reach the feature {key!r} before the stack {section.environment!r} routes it: set "
            f"boutique:environment.features.routes.{key}: {{services: [{', '.join(own.services)}], sessions: […]}} "
            "there and run `pulumi up`; take it out again before this stack is destroyed"
        )
    return route_table.additions(environment, listed) if listed else Table()


def _routing_errors(section: Feature, origin: Origin, key: str) -> Iterator[ErrorLine]:
    """Return a line for each thing that only the environment's stack can do."""
    if origin.entrance.routing == GATEWAY_API:
        return
    for name, given in (("sessions", section.sessions), ("header", section.header)):
        if given:
            yield ErrorLine(
                "routed-by-environment",
                f"boutique:feature.{name}: with routing.api 'virtual-service' the stack {section.environment!r} writes "
                f"all routes; move this to boutique:environment.features.routes.{key}.{name} there",
            )


def _check_ownership(section: Feature, origin: Origin, key: str, table: Table) -> None:
    """Refuse what another stack owns, and what others route in the other API.

    Raises:
        SettingsError: There is such a thing.
    """
    target, stack, api = origin.target, pulumi.get_stack(), origin.entrance.routing
    objects = live_objects.in_namespace(target.kubeconfig, target.namespace, live_objects.FEATURE_KINDS)
    deployments = tuple(session.owned for session in objects if session.kind == live_objects.DEPLOYMENT)
    routes = tuple(item.owned for item in objects if item.kind == "HTTPRoute") if api == GATEWAY_API else ()
    sessions = {session_name(session): f"boutique:feature.sessions.{at}" for at, session in enumerate(section.sessions)}
    errors = [*ownership.ownership_conflicts(deployments, routes, stack=stack, key=key, sessions=sessions)]
    if api == GATEWAY_API:
        setting = f"boutique:feature.environment: {section.environment!r}: routing.api {api!r}"
        claim = RouteClaim.of(table, origin.entrance, stack=stack, setting=setting)
        errors += route_conflicts.find_conflicts(target.kubeconfig, target.namespace, claim)
    if errors:
        raise SettingsError(errors)
    if warning := live_objects.changes(objects, (), stack=stack):
        pulumi.log.warn(warning)
