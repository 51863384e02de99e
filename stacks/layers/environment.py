"""An environment: a whole application in one target."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pulumi

from boutique.application.application import Application
from boutique.application.contract import contract
from boutique.checks import stack_objects
from boutique.checks.environment import unknown_secrets
from boutique.checks.load import StackSettings
from boutique.checks.release import channel_refusals
from boutique.kubernetes import live_objects
from boutique.names.labels import Owner
from boutique.outputs import (
    BLUE_GREEN,
    ENVIRONMENT,
    DeployedService,
    EnvironmentOutputs,
    SharedEnvironment,
    TargetReference,
    write_blue_green,
)
from boutique.routing import route_descriptions
from boutique.routing.model import Table
from boutique.settings.errors import ErrorLine, SettingsError
from boutique.settings.release_settings import Release
from boutique.settings.stack import Environment
from boutique.workloads.blue_green import BlueGreen
from boutique.workloads.recorded_blue_green import RecordedRevisions
from boutique.workloads.resolved_workload import ResolvedWorkload, resolve_workloads
from components.metadata import ObjectScope
from components.microservice import Microservice, MicroserviceArgs
from components.store import Store, StoreArgs
from stacks.layers import environment_routes
from stacks.layers.environment_history import EnvironmentHistory
from stacks.provider import provider
from stacks.stack_outputs import export, full_name
from stacks.target_access import ResolvedTarget, TargetAccess

DEPENDENCIES_FIRST = "dependenciesFirst"


def build(
    settings: StackSettings,
    section: Environment,
    secrets: Mapping[str, str],
    target: str,
    access: TargetAccess,
    history: EnvironmentHistory,
) -> None:
    """Deploy the application with the rights of the target's deployer, and say where it is.

    Args:
        settings: Of the stack.
        section: The environment.
        secrets: Those of its services, by name.
        target: Where it goes.
        access: The target, as the stack that has built it gives it.
        history: What the last updates left.
    """
    owner, application, release = pulumi.get_stack(), settings.application, settings.release
    _check(application, section, release, secrets, target, access, owner)
    services = resolve_workloads(application, section, release, secrets)
    revisions = history.blue_green(services)
    entrance = access.entrance
    table = environment_routes.table(application, section, entrance, owner) if entrance else Table()
    allowed = (
        environment_routes.conflict_free_kubeconfig(table, access, entrance, owner) if entrance else access.kubeconfig
    )
    scope = ObjectScope(namespace=access.namespace, owner=Owner(stack=owner, application=application.name))
    deployer = provider("deployer", kubeconfig=allowed)
    opts = pulumi.ResourceOptions(providers=[deployer])
    address: pulumi.Output[str | None] = pulumi.Output.from_input(None)
    ready: dict[str, pulumi.Output[int]] = {}
    built: dict[str, Microservice] = {}
    back = {name for name, blue_green in revisions.items() if blue_green.is_back}
    first = _callees_too(back, services) if section.order == DEPENDENCIES_FIRST else back
    switches: list[pulumi.Output[str]] = []
    for service in sorted(services, key=lambda service: service.workload.name not in first):
        name = service.workload.name
        order = opts if name in first else _after(switches, deployer)
        if service.workload.stateful:
            store = Store(
                name,
                StoreArgs(deployed=service, scope=scope, kubeconfig=allowed),
                order,
            )
            ready[name] = store.ready
            continue
        callees = [built[name].updated for name in service.workload.callees if name in built]
        args = MicroserviceArgs(
            deployed=service,
            blue_green=revisions.get(name),
            names=history.recorded.get(name, RecordedRevisions()).logical_names(name, revisions[name].names)
            if name in revisions
            else {},
            scope=scope,
            kubeconfig=allowed,
            after=callees if section.order == DEPENDENCIES_FIRST else (),
        )
        microservice = Microservice(name, args, order)
        if name in back:
            switches.append(microservice.switched)
        built[name] = microservice
        ready[name] = microservice.ready
        if name == application.entry.workload:
            address = microservice.external_address
    inside = pulumi.Output.all(address, access.namespace).apply(lambda outputs: _url(application, *outputs))
    reached = list(built.values())
    link = environment_routes.build(table, access, entrance, scope, reached, opts) if entrance else inside
    # Another stack's secret `targets` have the deployer's kubeconfig, or this one's.
    holder = access.resolved_target.stack if access.resolved_target else owner
    export(
        EnvironmentOutputs,
        application=settings.application_reference,
        namespace=access.namespace,
        url=link,
        routes=route_descriptions.describe_routes(table, entrance) if entrance else {},
        channel=access.channel.model_dump(by_alias=True) if access.channel else None,
        services={
            service.workload.name: _service_output(
                service, revisions.get(service.workload.name), ready[service.workload.name]
            )
            for service in services
        },
        target=TargetReference(stack=full_name(holder), name=target).dump(),
    )
    pulumi.export(ENVIRONMENT, _shared_environment(settings, section, secrets, access))
    records = write_blue_green({name: blue_green.remember() for name, blue_green in revisions.items()})
    # Only an update that came to its end may say where requests go now.
    ended = pulumi.Output.all(*(built[name].switched for name in revisions))
    pulumi.export(BLUE_GREEN, pulumi.Output.secret(ended.apply(lambda _: records)))


def _shared_environment(
    settings: StackSettings, section: Environment, secrets: Mapping[str, str], access: TargetAccess
) -> pulumi.Output[dict[str, Any]]:
    """Return what features have to know of the environment; how it is reached only if it allows them."""
    shares = contract(settings.application, settings.application_reference)
    shared = (
        access.output_for_features().apply(
            lambda target: SharedEnvironment(settings=section, application=shares, target=target, secrets=dict(secrets))
        )
        if section.features
        else pulumi.Output.from_input(SharedEnvironment(settings=section, application=shares))
    )
    return pulumi.Output.secret(shared.apply(lambda environment: environment.dump()))


def _check(
    application: Application,
    section: Environment,
    release: Release | None,
    secrets: Mapping[str, str],
    target: str,
    access: TargetAccess,
    owner: str,
) -> None:
    """Refuse what does not fit the target.

    Raises:
        SettingsError: With the key and the remedy.
    """
    if access.channel and (refusals := list(channel_refusals(application, access.channel, target, section, release))):
        raise SettingsError(refusals)
    if section.features and access.entrance is None:
        raise SettingsError(
            [
                ErrorLine(
                    "no-ingress",
                    "boutique:environment.features: testers come in through an ingress, and the stack of "
                    "boutique:cluster.name has none; add boutique:platform.ingress there, or remove this key",
                )
            ]
        )
    if section.features and access.features is None:
        raise SettingsError(
            [
                ErrorLine(
                    "no-feature-identity",
                    f"boutique:environment.features: target {target!r} has no identity for feature stacks; run "
                    "`pulumi up` of the stack that has the target",
                )
            ]
        )
    if missing := list(unknown_secrets(section, secrets)):
        raise SettingsError(missing)
    if access.resolved_target:
        _check_objects(application, section, access.resolved_target, target, owner)


def _check_objects(
    application: Application, section: Environment, resolved_target: ResolvedTarget, target: str, owner: str
) -> None:
    """Refuse objects of another stack, and warn of what others have changed of this one's.

    The platform of the same stack has done that already, with the rights of the cluster's admin.

    Raises:
        SettingsError: Another stack owns what this one would write.
        KubeconfigError: The API server does not answer, or refuses the token.
    """
    objects = live_objects.in_namespace(
        resolved_target.kubeconfig, resolved_target.namespace, live_objects.DEPLOYER_KINDS
    )
    planned = stack_objects.of_environment(application, section, resolved_target.namespace)
    key = f"boutique:cluster.target: {target!r}"
    if errors := list(live_objects.ownership_errors(objects, planned, stack=owner, key=key)):
        raise SettingsError(errors)
    left = stack_objects.autoscaled_deployments(application, section, resolved_target.namespace)
    if warning := live_objects.changes(objects, planned, stack=owner, autoscaled=left):
        pulumi.log.warn(warning)


def _after(switches: Sequence[pulumi.Output[str]], deployer: pulumi.ProviderResource) -> pulumi.ResourceOptions:
    """Return the options of services that the program registers after Services switch back to pods of a former release.

    The engine looks at resources in the order in which the program registers them.
    """

    async def wait() -> Sequence[pulumi.Resource]:
        # A switch that fails delays nothing: the engine ends the update, unless it was asked to go on.
        await asyncio.gather(*(switch.future() for switch in switches), return_exceptions=True)
        return []

    # Not the switches themselves: a dependency would be written to the state, and again when it is gone.
    return pulumi.ResourceOptions(providers=[deployer], depends_on=pulumi.Output.from_input(wait()))


def _callees_too(names: Collection[str], services: Sequence[ResolvedWorkload]) -> set[str]:
    """Return services and whomever they call, directly or not."""
    service_names = set(names)
    # They come callees first.
    for service in reversed(services):
        if service.workload.name in service_names:
            service_names |= set(service.workload.callees)
    return service_names


def _service_output(
    service: ResolvedWorkload, blue_green: BlueGreen | None, ready: pulumi.Output[int]
) -> dict[str, pulumi.Input[Any]]:
    previous = blue_green.previous if blue_green else None
    output = DeployedService(
        image=service.image,
        deployment=(blue_green.active if blue_green else service).name,
        previous=f"{previous.name}: {previous.image.version}" if previous else None,
        version=service.image.version,
        replicas=service.replicas,
        autoscaled=service.autoscaled,
    )
    # A preview does not know how many will be ready, and shows the rest.
    return {**output.dump(), "ready": ready}


def _url(application: Application, address: str | None, namespace: str) -> str:
    entry = application.entry_workload
    port = entry.ports_with_headers[0]
    return f"http://{address}" if address else f"kubectl -n {namespace} port-forward svc/{entry.name} 8080:{port}"
