"""The smoke test of an environment: what its stack wants, what runs, and what a visitor gets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from boutique.names.image_reference import label_value
from ops.pulumi.deployed_stack import DeployedStack, ExpectedEnvironment
from ops.smoke.reached_services import Proof, Reached, reached
from ops.smoke.replicas import shortfall, versions
from ops.smoke.running_pods import RunningWorkload
from ops.smoke.visitor_checks import Outside

_REPAIR = "run `pulumi up --refresh`"


@dataclass(frozen=True, kw_only=True)
class ServiceResult:
    """How one service is doing.

    Attributes:
        name: Its name.
        wanted: What the stack wants of it.
        ready: How many of its replicas are ready; None if the cluster did not say.
        versions: What they run.
        reached: Whether a request arrived.
        mistakes: A line for everything that is not as it should be.
    """

    name: str
    wanted: ExpectedEnvironment
    ready: int | None
    versions: tuple[str, ...]
    reached: Reached
    mistakes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SmokeResult:
    """How an environment is doing.

    Attributes:
        stack: As it wants the environment.
        outside: As a visitor found it.
        services: How each service is doing.
        mistakes: A line for everything that is not as it should be, with the remedy.
        warnings: A line for what will be wrong soon, and for what nobody can tell.
    """

    stack: DeployedStack
    outside: Outside
    services: tuple[ServiceResult, ...]
    mistakes: tuple[str, ...]
    warnings: tuple[str, ...]


def result(
    stack: DeployedStack, running: Mapping[str, RunningWorkload] | None, cluster: str, outside: Outside
) -> SmokeResult:
    """Judge what was found out.

    Args:
        stack: What is wanted.
        running: What runs, by service; None if the cluster did not say.
        cluster: Why it did not.
        outside: What a visitor found.
    """
    services = tuple(_service(name, wanted, stack, running, outside) for name, wanted in stack.services.items())
    mistakes = [
        *([cluster] if cluster else []),
        *(f"{service.name}: {line}" for service in services for line in service.mistakes),
        *outside.mistakes,
    ]
    return SmokeResult(
        stack=stack, outside=outside, services=services, mistakes=tuple(mistakes), warnings=outside.warnings
    )


def _service(
    name: str,
    wanted: ExpectedEnvironment,
    stack: DeployedStack,
    everything: Mapping[str, RunningWorkload] | None,
    outside: Outside,
) -> ServiceResult:
    running = everything.get(name) if everything is not None else None
    if running and wanted.autoscaled:
        wanted = replace(wanted, replicas=running.replicas)
    if outside.unreachable:
        arrived = Reached(proof=Proof.NO, said="no: nobody answers at the link")
    elif outside.link is None:
        arrived = Reached(proof=Proof.UNKNOWN, said="unknown: there is no link")
    else:
        arrived = reached(name, outside.visited, outside.left_out)
    mistakes = []
    if everything is not None and running is None:
        mistakes.append(f"is not there; {_REPAIR}")
    if running:
        mistakes += shortfall(running, wanted.replicas, stack.namespace, f"app={name}", _REPAIR)
        if running.images and running.images != (wanted.image,):
            mistakes.append(
                f"runs {' and '.join(running.images)}, not {wanted.image}; wait for an update under way, or {_REPAIR}"
            )
    if arrived.proof is Proof.NO and not outside.unreachable:
        mistakes.append(f"{arrived.said}; look at `kubectl -n {stack.namespace} logs -l app={name}`")
    if others := [each for each in arrived.versions if each != label_value(wanted.version)]:
        mistakes.append(f"requests were answered by {' and '.join(others)}, not {wanted.version}; look at its routes")
    return ServiceResult(
        name=name,
        wanted=wanted,
        ready=None if everything is None else running.ready if running else 0,
        versions=versions(running) if running else (),
        reached=arrived,
        mistakes=tuple(mistakes),
    )
