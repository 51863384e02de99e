"""The order in which the containers of a pod are started, as a kubelet keeps it."""

from collections.abc import Awaitable, Callable, Sequence

from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.pods import Container


async def run_in_order(
    workers: Sequence[ContainerWorker],
    is_image: Callable[[Container], Awaitable[bool]],
    keep: Callable[[ContainerWorker], None],
) -> None:
    """Run the containers of a pod until its apps have ended for good, or an init container has failed.

    Args:
        workers: The containers in their order.
        is_image: Says whether a container runs its image.
        keep: Begins to keep a container alive.
    """
    for worker in workers:
        if worker.container.init and not await is_image(worker.container):
            # A stand-in has nothing to prepare.
            worker.decide("")
            worker.complete()
        keep(worker)
        if worker.container.sidecar:
            await worker.started.wait()
        if worker.container.init:
            await worker.terminated.wait()
            if not worker.completed.is_set():
                return
    for worker in workers:
        if not worker.container.sidecar:
            await worker.terminated.wait()
