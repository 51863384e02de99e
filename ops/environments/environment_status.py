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
from ops.smoke.running_pods import RunningWorkload, try_running_pods
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
        one = partial(_status, project, read, deadline, refresh)
        if stacks:
            progress(f"asking {', '.join(stacks)}")
            return tuple(pool.map(one, dict.fromkeys(stacks)))
        progress("listing the stacks")
        there = engine.listed(project, deadline.left)
        first = _possible(read, roots(there), deadline)
        progress(f"asking {', '.join(first)}")
        found = list(pool.map(one, first))
        # Names that begin with that of an environment are its features', but for those that are environments.
        others = _others(there, first, found)
        found += pool.map(one, _possible(read, others, deadline))
        return tuple(sorted(found, key=lambda each: each.stack))


def _others(stacks: Collection[str], first: Collection[str], found: Sequence[EnvironmentStatus]) -> list[str]:
    owned = {each.stack for one in found for each in one.features or ()}
    return [name for name in stacks if name not in owned and name not in roots(stacks) and name not in first]


def _possible(read: Once, stacks: Sequence[str], deadline: Deadline) -> list[str]:
    """Return the stacks that have an environment, or cannot be read, which has to be said."""

    def may_be(stack: str) -> bool:
        try:
            said = read(stack, deadline)
        except StackError:
            return True
        return "target" in said and "services" in said

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [name for name, may in zip(stacks, pool.map(may_be, stacks), strict=True) if may]


def _status(project: Path, read: Once, deadline: Deadline, refresh: bool, stack: str) -> EnvironmentStatus:
    try:
        wanted = deployed_stack(stack, deadline, read)
    except OperationError as error:
        return EnvironmentStatus(
            stack=stack, services={}, features=None, updated=None, trouble=(str(error),), drift=None
        )
    with ThreadPoolExecutor() as pool:
        updates = pool.submit(_or_trouble, lambda: history(project, stack, newest=_ENOUGH, timeout=deadline.left))
        serving = [each.deployment for each in wanted.services.values()]
        pods = pool.submit(try_running_pods, wanted.kubeconfig, wanted.namespace, deadline, deployments=serving)
        living = pool.submit(_or_trouble, lambda: features(objects(_namespace(wanted))))
        warned = pool.submit(api_groups.warnings, wanted.kubeconfig)
        moved = pool.submit(_or_trouble, lambda: drift(project, stack, deadline)) if refresh else None
        running, silent = pods.result()
        entries, unread = updates.result()
        there, unknown = living.result()
        differing, unlooked = moved.result() if moved else (None, "")
    return EnvironmentStatus(
        stack=stack,
        services={name: service(each, running, name) for name, each in wanted.services.items()},
        features=there,
        updated=last_change(entries or ()),
        trouble=tuple(dict.fromkeys(each for each in (silent, unread, "" if silent else unknown, unlooked) if each)),
        # An API server that does not answer is named already.
        warnings=() if silent else warned.result(),
        drift=differing,
    )


def service(wanted: Any, running: Mapping[str, RunningWorkload] | None, name: str) -> ServiceStatus:  # noqa: ANN401
    """Return how one service is doing.

    Args:
        wanted: What the stack wants of it.
        running: What runs, by service; None if the cluster did not say.
        name: Its name.
    """
    there = running.get(name) if running is not None else None
    return ServiceStatus(
        versions=(wanted.version,) if running is None else versions(there) if there else (),
        wanted=wanted.version,
        ready=None if running is None else there.ready if there else 0,
        replicas=there.replicas if there and wanted.autoscaled else wanted.replicas,
    )


def _namespace(stack: DeployedStack) -> Namespace:
    return Namespace(name=stack.namespace, deployer=stack.kubeconfig)


def _or_trouble(ask: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return ask(), ""
    except OperationError as error:
        return None, str(error)
