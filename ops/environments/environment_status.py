"""How environments are doing: versions, replicas, features and the last update of each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from boutique.kubernetes import api_groups
from ops.environments.drift import Drift, drift
from ops.errors import OperationError
from ops.features.inventory import ClusterFeature, features, objects
from ops.features.listing import roots
from ops.pulumi import engine
from ops.pulumi.deployed_stack import DeployedStack, StackError, deployed_stack, outputs_of
from ops.pulumi.stack_history import Entry, history, last_change
from ops.pulumi.stack_outputs import Once
from ops.smoke.namespace_objects import Namespace
from ops.smoke.replicas import versions
from ops.smoke.running_pods import RunningWorkload, found_running
from support.deadline import Deadline

_PARALLEL = 4
_ENOUGH = 10
"""Updates of a stack to look at for the last that changed something."""


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """One service in one environment.

    Attributes:
        versions: What runs, or what the stack wants if the cluster did not say.
        wanted: What the stack wants.
        ready: How many replicas are ready; None if the cluster did not say.
        replicas: How many the stack, or its autoscaler, wants.
    """

    versions: tuple[str, ...]
    wanted: str
    ready: int | None
    replicas: int

    @property
    def is_well(self) -> bool:
        """Whether all replicas are ready and run what is wanted, as far as anybody knows."""
        return self.ready is None or (self.ready == self.replicas and self.versions == (self.wanted,))


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """One environment.

    Attributes:
        stack: Its stack.
        services: By name; empty if its stack cannot be read.
        features: Those that live there; None if nobody knows.
        updated: The last update that changed something, if known.
        trouble: Why not all is known; empty if it is.
        warnings: What is wrong with the cluster and harms nothing that runs.
        drift: What is otherwise than the stack left it; None if nobody asked, or nobody knows.
    """

    stack: str
    services: Mapping[str, ServiceStatus]
    features: tuple[ClusterFeature, ...] | None
    updated: Entry | None
    trouble: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    drift: tuple[Drift, ...] | None


def statuses(
    project: Path, stacks: Sequence[str], deadline: Deadline, progress: Callable[[str], None], *, refresh: bool
) -> tuple[EnvironmentStatus, ...]:
    """Ask how environments are doing, all at once; one that does not answer says so and hides no other.

    Args:
        project: The folder of the project.
        stacks: Of the environments; none for all.
        deadline: When to give up.
        progress: Is told what goes on.
        refresh: Whether to look for what is otherwise than the stacks left it.

    Raises:
        OperationError: Nobody can say which environments there are.
    """
    read = Once(outputs_of)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        read_status = partial(_status, project, read, deadline, refresh)
        if stacks:
            progress(f"asking {', '.join(stacks)}")
            return tuple(pool.map(read_status, dict.fromkeys(stacks)))
        progress("listing the stacks")
        names = engine.list_stacks(project, deadline.left)
        first = _possible(read, roots(names), deadline)
        progress(f"asking {', '.join(first)}")
        results = list(pool.map(read_status, first))
        # Names that begin with that of an environment are its features', but for those that are environments.
        others = _others(names, first, results)
        results += pool.map(read_status, _possible(read, others, deadline))
        return tuple(sorted(results, key=lambda status: status.stack))


def _others(stacks: Collection[str], first: Collection[str], results: Sequence[EnvironmentStatus]) -> list[str]:
    owned = {feature.stack for status in results for feature in status.features or ()}
    return [name for name in stacks if name not in owned and name not in roots(stacks) and name not in first]


def _possible(read: Once, stacks: Sequence[str], deadline: Deadline) -> list[str]:
    """Return the stacks that have an environment, or cannot be read, which has to be said."""

    def may_be(stack: str) -> bool:
        try:
            stack_outputs = read(stack, deadline)
        except StackError:
            return True
        return "target" in stack_outputs and "services" in stack_outputs

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [name for name, may in zip(stacks, pool.map(may_be, stacks), strict=True) if may]


def _status(project: Path, read: Once, deadline: Deadline, refresh: bool, stack: str) -> EnvironmentStatus:
    try:
        deployed = deployed_stack(stack, deadline, read)
    except OperationError as error:
        return EnvironmentStatus(
            stack=stack, services={}, features=None, updated=None, trouble=(str(error),), drift=None
        )
    with ThreadPoolExecutor() as pool:
        history_result = pool.submit(
            _or_trouble, lambda: history(project, stack, newest=_ENOUGH, timeout=deadline.left)
        )
        serving = [expected.deployment for expected in deployed.services.values()]
        pod_result = pool.submit(found_running, deployed.kubeconfig, deployed.namespace, deadline, deployments=serving)
        feature_result = pool.submit(_or_trouble, lambda: features(objects(_namespace(deployed))))
        warning_result = pool.submit(api_groups.warnings, deployed.kubeconfig)
        drift_result = pool.submit(_or_trouble, lambda: drift(project, stack, deadline)) if refresh else None
        running, cluster_error = pod_result.result()
        entries, history_error = history_result.result()
        live_features, feature_error = feature_result.result()
        differences, drift_error = drift_result.result() if drift_result else (None, "")
    return EnvironmentStatus(
        stack=stack,
        services={name: service(expected, running, name) for name, expected in deployed.services.items()},
        features=live_features,
        updated=last_change(entries or ()),
        trouble=tuple(
            dict.fromkeys(
                reason
                for reason in (cluster_error, history_error, "" if cluster_error else feature_error, drift_error)
                if reason
            )
        ),
        # An API server that does not answer is named already.
        warnings=() if cluster_error else warning_result.result(),
        drift=differences,
    )


def service(expected: Any, running: Mapping[str, RunningWorkload] | None, name: str) -> ServiceStatus:  # noqa: ANN401
    """Return how one service is doing.

    Args:
        expected: What the stack wants of it.
        running: What runs, by service; None if the cluster did not say.
        name: Its name.
    """
    workload = running.get(name) if running is not None else None
    return ServiceStatus(
        versions=(expected.version,) if running is None else versions(workload) if workload else (),
        wanted=expected.version,
        ready=None if running is None else workload.ready if workload else 0,
        replicas=workload.replicas if workload and expected.autoscaled else expected.replicas,
    )


def _namespace(stack: DeployedStack) -> Namespace:
    return Namespace(name=stack.namespace, deployer=stack.kubeconfig)


def _or_trouble(ask: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return ask(), ""
    except OperationError as error:
        return None, str(error)
