"""The verdict of an environment's smoke test: compares its stack, its pods, and a visit to the shop."""

from collections.abc import Mapping

from boutique.names.image_reference import label_value
from boutique.outputs import DeployedService
from ops.pulumi.deployed_stack import DeployedStack
from ops.smoke.reached_services import Proof, Reached, prove_reached
from ops.smoke.replicas import shortfall, versions
from ops.smoke.running_pods import RunningWorkload
from ops.smoke.smoke_report import ServiceReport, SmokeReport
from ops.smoke.visitor_checks import Outside

_REPAIR = "run `pulumi up --refresh`"


def result(
    stack: DeployedStack, running: Mapping[str, RunningWorkload] | None, cluster: str, outside: Outside
) -> SmokeReport:
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
    return SmokeReport(
        subject=stack.name,
        identity={
            "stack": stack.name,
            "namespace": stack.namespace,
            "link": str(outside.link) if outside.link else None,
        },
        outside=outside,
        services=services,
        errors=tuple(errors),
        warnings=outside.warnings,
    )


def _service(
    name: str,
    expected: DeployedService,
    stack: DeployedStack,
    workloads: Mapping[str, RunningWorkload] | None,
    outside: Outside,
) -> ServiceReport:
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
    return ServiceReport(
        name=name,
        version=expected.version,
        replicas=expected.replicas,
        ready=None if workloads is None else running.ready if running else 0,
        running=versions(running) if running else (),
        standins=running.standins if running else 0,
        reached=evidence,
        errors=tuple(errors),
    )
