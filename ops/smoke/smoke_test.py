"""The verdict of an environment's smoke test: compares its stack, its pods, and a visit to the shop."""

from collections.abc import Mapping
from dataclasses import dataclass

from boutique.names.image_reference import label_value
from boutique.outputs import DeployedService
from ops.pulumi.deployed_stack import DeployedStack
from ops.smoke.reached_services import Proof, Reached, prove_reached
from ops.smoke.replicas import shortfall, versions
from ops.smoke.running_pods import RunningWorkload
from ops.smoke.visitor_checks import Outside

_REPAIR = "run `pulumi up --refresh`"


@dataclass(frozen=True, kw_only=True)
class ServiceResult:
    """The verdict on one service.

    Attributes:
        name: The name of the service.
        expected: The state that the stack wants.
        ready: How many replicas are ready; None if the cluster did not answer.
        versions: The versions that its pods run.
        reached: The evidence that a request reached it.
        errors: One line per error.
    """

    name: str
    expected: DeployedService
    ready: int | None
    versions: tuple[str, ...]
    reached: Reached
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SmokeResult:
    """The verdict on an environment.

    Attributes:
        stack: The deployed stack of the environment.
        outside: The result of a visit.
        services: The verdict on each service.
        errors: One line per error, with the remedy.
        warnings: One line per error to come, and per check that was not possible.
    """

    stack: DeployedStack
    outside: Outside
    services: tuple[ServiceResult, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def result(
    stack: DeployedStack, running: Mapping[str, RunningWorkload] | None, cluster: str, outside: Outside
) -> SmokeResult:
    """Return the verdict on an environment.

    Args:
        stack: The deployed stack.
        running: The running workloads by service; None if the cluster did not answer.
        cluster: The error of the cluster; empty without one.
        outside: The result of a visit.
    """
    services = tuple(_service(name, expected, stack, running, outside) for name, expected in stack.services.items())
    errors = [
        *([cluster] if cluster else []),
        *(f"{service.name}: {line}" for service in services for line in service.errors),
        *outside.errors,
    ]
    return SmokeResult(stack=stack, outside=outside, services=services, errors=tuple(errors), warnings=outside.warnings)


def _service(
    name: str,
    expected: DeployedService,
    stack: DeployedStack,
    workloads: Mapping[str, RunningWorkload] | None,
    outside: Outside,
) -> ServiceResult:
    running = workloads.get(name) if workloads is not None else None
    if running and expected.autoscaled:
        expected = expected.model_copy(update={"replicas": running.replicas})
    if outside.unreachable:
        evidence = Reached(proof=Proof.NO, description="no: the link does not answer")
    elif outside.link is None:
        evidence = Reached(proof=Proof.UNKNOWN, description="unknown: there is no link")
    else:
        evidence = prove_reached(name, outside.visited, outside.left_out)
    errors = []
    if workloads is not None and running is None:
        errors.append(f"has no Deployment; {_REPAIR}")
    if running:
        errors += shortfall(running, expected.replicas, stack.namespace, f"app={name}", _REPAIR)
        if running.images and running.images != (str(expected.image),):
            errors.append(
                f"runs {' and '.join(running.images)}, not {expected.image}; wait for an update under way, or {_REPAIR}"
            )
    if evidence.proof is Proof.NO and not outside.unreachable:
        errors.append(f"{evidence.description}; look at `kubectl -n {stack.namespace} logs -l app={name}`")
    if others := [version for version in evidence.versions if version != label_value(expected.version)]:
        errors.append(f"requests were answered by {' and '.join(others)}, not {expected.version}; look at its routes")
    return ServiceResult(
        name=name,
        expected=expected,
        ready=None if workloads is None else running.ready if running else 0,
        versions=versions(running) if running else (),
        reached=evidence,
        errors=tuple(errors),
    )
