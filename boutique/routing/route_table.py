"""Which routes an environment has, and which a feature adds to it; every route has one owner."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from boutique.application.workload import Workload
from boutique.names import feature_names
from boutique.routing.caching import VARY
from boutique.routing.model import (
    HEADER,
    Backend,
    Condition,
    EdgeRoute,
    EnvironmentRouting,
    FeatureRouting,
    MeshRoute,
    Table,
)
from boutique.settings.errors import nearest

EDGE = "edge"
"""The name of the baseline's route."""


class RoutingError(ValueError):
    """A feature cannot be routed, with the reason."""


def services(workloads: Iterable[Workload]) -> tuple[Backend, ...]:
    """Return the Services whose calls have headers, by which routes match them."""
    return tuple(
        Backend(service=workload.name, port=port) for workload in workloads for port in workload.ports_with_headers
    )


def names(workloads: Iterable[Workload]) -> frozenset[str]:
    """Return the names of all workloads and Services, which no feature may take."""
    service_names = [name for workload in workloads for name in (workload.name, workload.external_service)]
    return frozenset(name for name in service_names if name)


def baseline(environment: EnvironmentRouting) -> Table:
    """Return the routes that the environment itself owns.

    Where features are allowed, every Service has a route of its own: with a feature's alone, Istio would answer the
    all other calls with 404.
    """
    baseline = EdgeRoute(
        name=EDGE,
        owner=environment.stack,
        host=environment.host,
        backend=environment.entry,
        # Also before the first feature: a cache keeps an answer for longer than that.
        vary=_vary(environment) if environment.features else (),
    )
    mesh = tuple(
        MeshRoute(
            name=_name(service.service, number, service.port),
            owner=environment.stack,
            service=service,
            backend=service,
        )
        for service, number in _numbered(environment)
        if environment.features
    )
    return Table(edge=(baseline,), mesh=mesh)


def additions(environment: EnvironmentRouting, feature: FeatureRouting) -> Table:
    """Return the routes that a feature adds: one per service it changed, one for its preview host, one per session.

    Raises:
        RoutingError: The environment allows no features, or a service cannot have one.
        NamingError: The key is none, a name is too long or taken, or a session id is none.
    """
    _check(environment, feature)
    feature_names.check_key(feature.key, [service.service for service in environment.services])
    changed = {name: feature_names.object_name(name, feature.key, environment.taken) for name in feature.services}
    mesh = tuple(
        MeshRoute(
            name=_name(changed[service.service], number, service.port),
            owner=feature.stack,
            service=service,
            feature=feature.key,
            backend=replace(service, service=changed[service.service]),
        )
        for name in changed
        for service, number in _numbered(environment)
        if service.service == name
    )
    entry = environment.entry
    return Table(
        edge=_edge(environment, feature, replace(entry, service=changed.get(entry.service, entry.service))), mesh=mesh
    )


def table(environment: EnvironmentRouting, features: Iterable[FeatureRouting]) -> Table:
    """Return all routes of an environment with its features, the older features first.

    Raises:
        RoutingError: See `additions`; or two features claim one key, one session or one name.
        NamingError: See `additions`.
    """
    parts = [baseline(environment), *(additions(environment, feature) for feature in features)]
    whole = Table(
        edge=tuple(route for part in parts for route in part.edge),
        mesh=tuple(route for part in parts for route in part.mesh),
    )
    routes: tuple[EdgeRoute | MeshRoute, ...] = (*whole.edge, *whole.mesh)
    seen: dict[str, EdgeRoute | MeshRoute] = {}
    for route in routes:
        if other := seen.get(route.name):
            raise RoutingError(f"{_claim(route)} cannot have the route {route.name!r}: it belongs to {_claim(other)}")
        seen[route.name] = route
    return whole


def _claim(route: EdgeRoute | MeshRoute) -> str:
    return f"the feature {route.feature!r} of stack {route.owner!r}" if route.feature else f"the stack {route.owner!r}"


def _check(environment: EnvironmentRouting, feature: FeatureRouting) -> None:
    if not environment.features:
        raise RoutingError(f"the environment {environment.stack!r} allows no features")
    if not feature.services:
        raise RoutingError(f"the feature {feature.key!r} changes no service; name at least one")
    known = {service.service for service in environment.services}
    for name in feature.services:
        if name not in known:
            is_taken = name in environment.taken
            why = "it is not called by HTTP or gRPC" if is_taken else f"there is no such service{nearest(name, known)}"
            raise RoutingError(f"{name!r} cannot be part of a feature: {why}")
    if feature.sessions and not (environment.cookie or environment.session_header):
        raise RoutingError(
            f"the feature {feature.key!r} cannot have sessions: the application names no sessionCookie and no "
            "sessionHeader; use the preview host or the header"
        )


def _numbered(environment: EnvironmentRouting) -> Iterator[tuple[Backend, int]]:
    """Return each port of a Service, with its place among those of the Service."""
    seen: Counter[str] = Counter()
    for service in environment.services:
        yield service, seen[service.service]
        seen[service.service] += 1


def _name(service: str, number: int, port: int) -> str:
    """Return the name of the route of a Service's port; that of the first one is the Service's."""
    return f"{service}-{port}" if number else service


def _vary(environment: EnvironmentRouting) -> tuple[str, ...]:
    return (*VARY, environment.session_header) if environment.session_header else VARY


def _for_session(environment: EnvironmentRouting, route: EdgeRoute, session: str) -> EdgeRoute:
    """Return a route for the requests of one session."""
    if environment.session_header:
        return replace(route, header=Condition(name=environment.session_header, value=session))
    return replace(route, cookie=Condition(name=environment.cookie or "", value=session))


def _edge(environment: EnvironmentRouting, feature: FeatureRouting, entry: Backend) -> tuple[EdgeRoute, ...]:
    preview = EdgeRoute(
        name=feature_names.preview_name(feature.key),
        owner=feature.stack,
        host=feature_names.preview_host(feature.key, environment.host),
        preview=True,
        feature=feature.key,
        backend=entry,
        no_store=True,
    )
    by_header = replace(
        preview,
        name=feature_names.header_name(feature.key),
        host=environment.host,
        preview=False,
        vary=_vary(environment),
        header=Condition(name=HEADER, value=feature.key),
    )
    sessions = [
        _for_session(
            environment,
            replace(
                preview,
                name=feature_names.session_name(session),
                host=environment.host,
                preview=False,
                vary=_vary(environment),
            ),
            session,
        )
        for session in feature.sessions
    ]
    return (preview, *([by_header] if feature.header else []), *sessions)
