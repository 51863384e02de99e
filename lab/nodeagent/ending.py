"""Ends a pod: runs its hooks, sends SIGTERM, and SIGKILL when the grace period is over."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lab.nodeagent import probes
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.kubelet_health import named_ports

_LEAST = 2.0
"""Seconds that sidecars get even if the others have used up the grace period, as with a kubelet."""

_CUT = 1.0
"""Seconds: the API server cuts times to whole seconds, so a pod may have been deleted that much later than it says."""

Hook = Callable[[ContainerWorker, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True)
class Grace:
    """The grace period of a pod: when its deletion began, and when the pod has to be gone."""

    began: float
    deadline: float


def grace(pod: Mapping[str, Any] | None) -> Grace:
    """Return the grace period of a pod that is being deleted; zero if its object is gone already."""
    metadata = pod["metadata"] if pod else {}
    if "deletionTimestamp" not in metadata:
        now = time.time()
        return Grace(now, now)
    deadline = datetime.fromisoformat(metadata["deletionTimestamp"]).timestamp()
    return Grace(deadline - float(metadata.get("deletionGracePeriodSeconds") or 0), deadline)


def grace_of_completion(pod: Mapping[str, Any]) -> Grace:
    """Return the grace period of the sidecars of a pod whose app containers have ended."""
    now = time.time()
    return Grace(now, now + float(pod["spec"].get("terminationGracePeriodSeconds") or 0))


def active_seconds(pod: Mapping[str, Any], now: float) -> float | None:
    """Return how long a pod may still be active; None if its `activeDeadlineSeconds` sets no limit."""
    limit = pod["spec"].get("activeDeadlineSeconds")
    if limit is None:
        return None
    started = pod["status"].get("startTime")
    return float(limit) - (now - datetime.fromisoformat(started).timestamp() if started else 0.0)


def pause(hook: Mapping[str, Any], time_left: Grace, now: float) -> float:
    """Return how long a hook that only waits has to wait still: an earlier node agent may have begun to."""
    seconds = float(hook.get("sleep", {}).get("seconds", 0))
    return max(0.0, min(seconds, time_left.began + _CUT + seconds - now, time_left.deadline - now))


async def end(workers: Sequence[ContainerWorker], time_left: Grace, run: Hook) -> None:
    """Stop all containers of a pod: the apps after their hooks, the sidecars after the apps, the last one first.

    Args:
        workers: The containers in the order of their start.
        time_left: The pod's grace.
        run: Runs the command of a hook.
    """
    sidecars = [worker for worker in workers if worker.container.sidecar]
    # The hook of Istio's sidecar begins to drain; its SIGTERM comes when the apps are gone.
    hooks = [asyncio.create_task(_hook(worker, time_left, run)) for worker in sidecars]
    await asyncio.gather(*(_end(worker, time_left, run) for worker in workers if not worker.container.sidecar))
    for task in hooks:
        task.cancel()
    for worker in reversed(sidecars):
        remaining = time_left.deadline - time.time()
        await worker.stop(max(_LEAST, remaining) if time_left.deadline > time_left.began else 0.0)


async def _end(worker: ContainerWorker, time_left: Grace, run: Hook) -> None:
    # A hook that takes longer than the pod has is given up, as by a kubelet.
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, time_left.deadline - time.time())):
            await _hook(worker, time_left, run)
    await worker.stop(time_left.deadline - time.time())


async def _hook(worker: ContainerWorker, time_left: Grace, run: Hook) -> None:
    hook = worker.container.spec.get("lifecycle", {}).get("preStop", {})
    if not worker.running:
        return
    if "sleep" in hook:
        await asyncio.sleep(pause(hook, time_left, time.time()))
    elif "exec" in hook:
        await run(worker, hook["exec"]["command"])
    elif "httpGet" in hook:
        question = probes.parse(hook, named_ports(worker.container))
        await probes.ask(replace(question, timeout=time_left.deadline - time.time()), worker.address)
