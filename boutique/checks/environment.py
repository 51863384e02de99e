"""Whether an environment fits its application, and the target it goes to."""

from collections.abc import Collection, Iterator

from boutique.application.application import Application
from boutique.application.application_checks import call_cycle
from boutique.application.workload import Workload
from boutique.checks.feature import setting_errors
from boutique.checks.quota_fit import environment_refusals, target_room
from boutique.checks.release import channel_refusals
from boutique.names.feature_names import NamingError, feature_key
from boutique.routing import route_rendering, route_table
from boutique.routing.route_table import RoutingError
from boutique.settings.errors import ErrorLine, enumerate_names, nearest
from boutique.settings.ingress_settings import GATEWAY_API
from boutique.settings.mesh_settings import takes_strangers
from boutique.settings.release_settings import Release
from boutique.settings.rollout import BLUE_GREEN
from boutique.settings.stack import Cluster, Environment, ExistingCluster, Platform, ServiceSettings, StackCluster
from boutique.targets.namespace_quota import NAME, Quota
from boutique.targets.quota import hard_limits
from boutique.targets.target_names import target_name
from boutique.workloads.pod_demand import release_peak
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads


def errors(
    application: Application,
    environment: Environment,
    cluster: Cluster | None,
    platform: Platform | None,
    release: Release | None,
    unread: Collection[str],
) -> Iterator[ErrorLine]:
    """Return a line for each error; a section that could not be read (`unread`) is None and is not judged."""
    if "platform" not in unread:
        yield from _target(cluster, platform, environment)
    yield from _services(application, environment)
    yield from _resolved_workload_errors(application, environment)
    yield from _room(application, cluster, platform, environment)
    if "release" not in unread:
        yield from _channel(application, cluster, platform, environment, release)
    yield from _external(platform, environment)
    yield from _features(application, platform, environment)
    yield from _order(application, environment)


def unknown_secrets(environment: Environment, secrets: Collection[str]) -> Iterator[ErrorLine]:
    """Return a line for each secret that services name and that is missing."""
    keys: dict[str, list[str]] = {}
    for name, service in environment.services.items():
        for variable, secret in service.secrets.items():
            if secret not in secrets:
                keys.setdefault(secret, []).append(f"boutique:environment.services.{name}.secrets.{variable}")
    for secret, named in keys.items():
        yield ErrorLine(
            "unknown-secret",
            f"{enumerate_names(named, 'variables of services')}: {secret!r} is not in boutique:serviceSecrets; set it "
            f"with `pulumi config set --secret --path serviceSecrets.{secret}`",
        )


def _target(cluster: Cluster | None, platform: Platform | None, environment: Environment) -> Iterator[ErrorLine]:
    if isinstance(cluster, StackCluster):
        if environment.target:
            yield ErrorLine(
                "redundant-target",
                "boutique:environment.target: the target is named by boutique:cluster.target here; remove this key",
            )
    elif isinstance(cluster, ExistingCluster) and platform is None:
        yield ErrorLine(
            "no-target",
            "boutique:environment: has no target to go to; add boutique:platform with targets to this stack, "
            "or take a target of another stack with boutique:cluster {kind: stack, name: …, target: …}",
        )
    elif platform and environment.target is None and len(platform.targets) > 1:
        yield ErrorLine(
            "missing", f"boutique:environment.target: is missing; there are: {', '.join(sorted(platform.targets))}"
        )
    elif platform and environment.target and environment.target not in platform.targets:
        hint = nearest(environment.target, platform.targets)
        yield ErrorLine(
            "unknown-target",
            f"boutique:environment.target: {environment.target!r} is not in boutique:platform.targets{hint}",
        )


def _services(application: Application, environment: Environment) -> Iterator[ErrorLine]:
    for workload in application.workloads:
        key = f"boutique:environment.services.{workload.name}"
        for error in _service(workload, environment.services.get(workload.name, ServiceSettings())):
            yield ErrorLine(error.code, f"{key}.{error}")


def _service(workload: Workload, service: ServiceSettings) -> Iterator[ErrorLine]:
    if not service.enabled and not workload.optional:
        yield ErrorLine("service-required", "enabled: others need this service; it cannot be left out")
    if service.replicas not in (None, 1) and workload.stateful:
        yield ErrorLine(
            "store-replicas", f"replicas: {service.replicas}: must be 1; a second one would hold other data"
        )
    if service.autoscaled and workload.stateful:
        yield ErrorLine(
            "store-autoscaled", "autoscaled: true: a store has one pod; a second one would hold other data; remove it"
        )
    if service.external and not workload.external_service:
        yield ErrorLine("no-external-service", "external: the application names no externalService for it")
    if service.init_image and len(workload.init_containers) != 1:
        count = len(workload.init_containers) or "no"
        plural = "s" * bool(workload.init_containers)
        yield ErrorLine("no-init-container", f"initImage: it has {count} init container{plural}")
    for name in sorted(set(service.variables) & set(service.secrets)):
        yield ErrorLine("duplicate-variable", f"secrets.{name}: is among the variables too; remove it there or here")
    if service.rollout.strategy == BLUE_GREEN and (workload.stateful or not workload.service_ports):
        reason = (
            "two stores at once would split the data"
            if workload.stateful
            else "it has no Service, so nothing is switched"
        )
        yield ErrorLine("strategy-unsupported", f"rollout.strategy: blueGreen: {reason}; remove it")
    check, key = service.rollout.pre_promotion_check, "rollout.prePromotionCheck"
    if check and check.path and not workload.has_pages:
        yield ErrorLine("no-http-probe", f"{key}.path: {check.path}: it has no pages; take {key}.command")
    if check and not (check.path or check.command):
        yield ErrorLine("empty-check", f"{key}: says nothing to check; add path or command")
    addresses = {*workload.calls, *({"PORT"} & set(workload.env))}
    for name in sorted({*service.variables, *service.secrets} & addresses):
        kind = "variables" if name in service.variables else "secrets"
        yield ErrorLine(
            "application-variable",
            f"{kind}.{name}: is set by the application, so that addresses and ports always fit; remove it",
        )


def _resolved_workload_errors(application: Application, environment: Environment) -> Iterator[ErrorLine]:
    """Check what only shows when a service's settings and the ones for all services are put together."""
    seconds: dict[str, tuple[int, int]] = {}
    for service in resolve_workloads(application, environment):
        key = f"boutique:environment.services.{service.workload.name}"
        if service.rollout.min_ready_seconds >= service.rollout.timeout_seconds:
            own = environment.services.get(service.workload.name, ServiceSettings()).rollout.model_fields_set
            shared = "boutique:environment" if own.isdisjoint(("min_ready_seconds", "timeout_seconds")) else key
            seconds[shared] = service.rollout.min_ready_seconds, service.rollout.timeout_seconds
        if service.autoscaled and service.strategy == BLUE_GREEN:
            yield ErrorLine(
                "autoscaled-blue-green",
                f"{key}.autoscaled: true: with rollout.strategy blueGreen each release has another Deployment, which "
                "no autoscaler can name; remove it, or take another strategy",
            )
        for resource in ("cpu", "memory"):
            requested, most = getattr(service.requests, resource), getattr(service.limits, resource)
            if requested.amount > most.amount:
                yield ErrorLine(
                    "request-above-limit",
                    f"{key}.resources.requests.{resource}: {requested}: must not be more than the limit, "
                    f"which is {most}",
                )
    for key, (ready, timeout) in seconds.items():
        yield ErrorLine(
            "ready-after-timeout",
            f"{key}.rollout.minReadySeconds: {ready}: must be less than timeoutSeconds, which is {timeout}",
        )


def _room(
    application: Application, cluster: Cluster | None, platform: Platform | None, environment: Environment
) -> Iterator[ErrorLine]:
    if cluster is None or platform is None:
        return
    name = target_name(cluster, platform, environment)
    target = platform.targets.get(name)
    most: ResolvedWorkload = max(resolve_workloads(application, environment), key=lambda service: service.replicas)
    if target and most.replicas > target.replicas:
        yield ErrorLine(
            "target-replicas",
            f"boutique:platform.targets.{name}.replicas: {target.replicas}: leaves no room for the {most.replicas} "
            f"replicas of {most.workload.name}; raise it to {most.replicas}",
        )
    elif target:
        meshed = platform.mesh is not None
        quota = Quota.of(NAME, hard_limits(application.workloads, target.replicas))
        need = release_peak(resolve_workloads(application, environment), meshed=meshed)
        yield from environment_refusals(application, environment, [quota], need, target_room(name, meshed=meshed))


def _channel(
    application: Application,
    cluster: Cluster | None,
    platform: Platform | None,
    environment: Environment,
    release: Release | None,
) -> Iterator[ErrorLine]:
    if cluster is None or platform is None:
        return
    name = target_name(cluster, platform, environment)
    target = platform.targets.get(name)
    if target and target.channel:
        yield from channel_refusals(application, target.channel, name, environment, release)


def _external(platform: Platform | None, environment: Environment) -> Iterator[ErrorLine]:
    if takes_strangers(platform.mesh if platform else None):
        return
    for name, service in environment.services.items():
        if service.external:
            yield ErrorLine(
                "mesh-refuses-clients",
                f"boutique:environment.services.{name}.external: the mesh refuses callers without an identity, "
                "and clients outside have none; remove it, or loosen boutique:platform.mesh.policies: "
                "{mtls: permissive, authorization: false}",
            )


def _features(application: Application, platform: Platform | None, environment: Environment) -> Iterator[ErrorLine]:
    if environment.features is None:
        return
    wrong = [*_names(application), *setting_errors(environment.features)]
    yield from wrong or _route_errors(application, environment)
    if platform and platform.ingress is None:
        yield ErrorLine(
            "no-ingress",
            "boutique:environment.features: testers come in through an ingress; add boutique:platform.ingress, "
            "or remove this key",
        )
    if environment.features.routes and platform and platform.routing.api == GATEWAY_API:
        yield ErrorLine(
            "features-route-themselves",
            "boutique:environment.features.routes: with boutique:platform.routing.api 'gateway-api' each feature's own "
            "stack routes it; remove this key",
        )


def _names(application: Application) -> Iterator[ErrorLine]:
    """Check that the names of services leave room for the key of a feature."""
    for service in sorted({service.service for service in route_table.services(application.workloads)}):
        try:
            feature_key("feature", [service])
        except NamingError as error:
            yield ErrorLine(
                "service-name-too-long",
                f"boutique:environment.features: {error}; give the workload a shorter name, or remove this key",
            )


def _order(application: Application, environment: Environment) -> Iterator[ErrorLine]:
    if environment.order == "dependenciesFirst" and (cycle := call_cycle(application)):
        yield ErrorLine(
            "call-cycle",
            f"boutique:environment.order: dependenciesFirst: {' → '.join(cycle)} call each other, "
            "so none is first; take parallel",
        )


def _route_errors(application: Application, environment: Environment) -> Iterator[ErrorLine]:
    """Check the features that the environment routes itself, for any host."""
    owner = "this stack"
    try:
        route_table.table(
            route_rendering.environment(application, environment, owner, "localhost"),
            route_rendering.features(environment, owner),
        )
    except (RoutingError, NamingError) as error:
        yield ErrorLine("invalid-routes", f"boutique:environment.features.routes: {error}")
