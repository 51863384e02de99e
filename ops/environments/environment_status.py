"""Reads the status of environments: versions, replicas, features and the last update."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from boutique.kubernetes import api_groups
from boutique.outputs import DeployedService, has_environment
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
from ops.smoke.running_pods import RunningWorkload, try_running_pods
from support.deadline import Deadline

_PARALLEL = 4
_ENOUGH = 10
"""How many updates to read to find the last one that changed resources."""


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """The status of one service in one environment.

    Attributes:
        versions: The running versions; the version in the stack if the cluster did not answer.
        wanted: The version in the stack.
        ready: How many replicas are ready; None if the cluster did not answer.
        replicas: The desired replicas of the stack or of the autoscaler.
    """

    versions: tuple[str, ...]
    wanted: str
    ready: int | None
    replicas: int

    @property
    def is_well(self) -> bool:
        """Whether all replicas are ready and run the stack's version; true if the cluster did not answer."""
        return self.ready is None or (self.ready == self.replicas and self.versions == (self.wanted,))


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """The status of one environment.

    Attributes:
        stack: Its stack.
        services: By name; empty if its stack cannot be read.
        features: Its features; None if they cannot be read.
        updated: The last update that changed resources; None without one, or if it cannot be read.
        trouble: Reasons why parts of the status cannot be read; empty if all can.
        warnings: Problems of the cluster that do not affect running pods.
        drift: Its drift; None if it was not requested, or cannot be read.
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
    """Return the status of environments, read in parallel; an environment that cannot be read does not hide others.

    Args:
        project: The folder of the project.
        stacks: The stacks of the environments; empty for all.
        deadline: When to give up.
        progress: Called with a line for each step.
        refresh: Whether to look for drift.

    Raises:
        OperationError: The stacks cannot be listed.
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
        # A name that begins with an environment's name is a feature's, unless the stack is an environment itself.
        others = _others(names, first, results)
        results += pool.map(read_status, _possible(read, others, deadline))
        return tuple(sorted(results, key=lambda status: status.stack))


def _others(stacks: Collection[str], first: Collection[str], results: Sequence[EnvironmentStatus]) -> list[str]:
    owned = {feature.stack for status in results for feature in status.features or ()}
    return [name for name in stacks if name not in owned and name not in roots(stacks) and name not in first]


def _possible(read: Once, stacks: Sequence[str], deadline: Deadline) -> list[str]:
    """Return the stacks that have an environment, and those that cannot be read, so that their errors appear."""

    def may_be(stack: str) -> bool:
        try:
            return has_environment(read(stack, deadline))
        except StackError:
            return True

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
            _result_or_error, lambda: history(project, stack, newest=_ENOUGH, timeout=deadline.left)
        )
        serving = [expected.deployment for expected in deployed.services.values()]
        pod_result = pool.submit(
            try_running_pods, deployed.kubeconfig, deployed.namespace, deadline, deployments=serving
        )
        feature_result = pool.submit(_result_or_error, lambda: features(objects(_namespace(deployed))))
        warning_result = pool.submit(api_groups.warnings, deployed.kubeconfig)
        drift_result = pool.submit(_result_or_error, lambda: drift(project, stack, deadline)) if refresh else None
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
        # `trouble` has an API server that does not answer already.
        warnings=() if cluster_error else warning_result.result(),
        drift=differences,
    )


def service(expected: DeployedService, running: Mapping[str, RunningWorkload] | None, name: str) -> ServiceStatus:
    """Return the status of one service.

    Args:
        expected: The image and replicas in the stack.
        running: The running workloads by service; None if the cluster did not answer.
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


def _result_or_error(ask: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return ask(), ""
    except OperationError as error:
        return None, str(error)
