"""Runs one pod, from its creation until everything of it is removed."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from lab.nodeagent import ending, files, logfiles, redirection, reporting
from lab.nodeagent.addresses import pod_with_address
from lab.nodeagent.agent_context import AgentContext
from lab.nodeagent.capture_settings import capture_settings
from lab.nodeagent.container_commands import ContainerCommands
from lab.nodeagent.container_observation import observe
from lab.nodeagent.container_worker import ContainerWorker
from lab.nodeagent.pod_containers import PodContainers
from lab.nodeagent.pods import containers
from lab.nodeagent.restart_policy import pod_policy, states_without_network
from lab.nodeagent.sandbox import Sandbox
from lab.nodeagent.state import PodState
from lab.nodeagent.status_report import PodReport
from support.folder_removal import remove_folder

_LOG = logging.getLogger(__name__)


class PodWorker:
    """Runs one pod."""

    def __init__(self, pod: Mapping[str, Any], address: str, context: AgentContext, past: PodState | None) -> None:
        metadata = pod["metadata"]
        self.pod = pod_with_address(pod, address)
        self.address = address
        self.tools = context.programs.tools
        self.logs = context.folder.logs / "pods" / metadata["namespace"] / metadata["name"]
        self._context = context
        self._past = past
        self.folder = context.folder.pods / metadata["uid"]
        rules = redirection.capture(capture_settings(pod))
        self.sandbox = Sandbox(address, rules, self.folder, self.tools)
        self._containers = PodContainers(context, lambda: self.pod, self.sandbox, self.folder, self.logs, self._notify)
        self.ended = past is not None and past.ended
        self._expired = past is not None and past.expired
        self._has_istio = any(container.kind != "app" for container in containers(pod))
        self._deleted = False
        self._ending = asyncio.Event()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._reporting: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def workers(self) -> Sequence[ContainerWorker]:
        """Its containers, in the order of their start; none as long as it has no network yet."""
        return self._containers.workers

    @property
    def commands(self) -> ContainerCommands:
        """What runs commands in its containers."""
        return self._containers.commands

    @property
    def ready(self) -> bool:
        """Whether every container is."""
        staying = [worker for worker in self.workers if not worker.container.init]
        return bool(staying) and all(worker.ready for worker in staying) and not self._ending.is_set()

    @property
    def taking_over(self) -> bool:
        """Whether it still has to take over the containers of an earlier node agent."""
        return self._past is not None and not self.workers and not self._ending.is_set()

    def see(self, pod: Mapping[str, Any] | None) -> None:
        """Take note of the pod's object as it is now, or of its absence."""
        if pod is None:
            self._deleted = True
            self._ending.set()
            return
        self.pod = pod_with_address(pod, self.address)
        if "deletionTimestamp" in pod["metadata"]:
            self._ending.set()

    async def live(self) -> None:
        """Run the pod until its object is deleted, then remove everything of it."""
        rising = asyncio.create_task(self._rise())
        ending_ = asyncio.create_task(self._ending.wait())
        await asyncio.wait([rising, ending_], return_when=asyncio.FIRST_COMPLETED)
        if rising.done() and (error := rising.exception()):
            # One pod that cannot be run is no reason to leave the others alone.
            _LOG.error("pod %s", self.pod["metadata"]["name"], exc_info=error)
        await ending_
        rising.cancel()
        await asyncio.wait([rising])
        await self._end()

    async def reroute(self) -> None:
        """Redirect the pod's connections to the current istiod, and without a proxy those to Services as well."""
        if self._has_istio:
            await self.sandbox.redirect("discovery", lambda: redirection.discovery(self._context.istiod()))
        else:
            services = self._context.services
            await self.sandbox.redirect("services", lambda: redirection.to_services(services.services, services.slices))

    async def _rise(self) -> None:
        """Start the containers in their order, and end what is left when the apps have ended for good."""
        if "deletionTimestamp" in self.pod["metadata"]:
            return
        if self._past and pod_policy(self.pod) != "Always":
            # What has ended already does not write them again.
            logfiles.bring_back(self.logs)
        for path in (self.folder, self.logs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        past = self._past.containers if self._past else {}
        if not self.ended and not await self.sandbox.open(self._past.holder if self._past else None, past):
            past = states_without_network(self.pod, past, self._containers.ends.find)
        self._containers.take_over(past)
        self._notify()
        self._reporting = asyncio.create_task(reporting.keep(self._context.api, self._news, self._account, self.see))
        if not self.ended:
            try:
                async with asyncio.timeout(ending.active_seconds(self.pod, time.time())) as deadline:
                    await self._run()
            except TimeoutError:
                if not deadline.expired():
                    raise
                self._expired = True
            await ending.end(self.workers, ending.grace_of_completion(self.pod), self.commands.run_hook)
            await self._close()
            self.ended = True
            self._notify()

    async def _run(self) -> None:
        """Run the containers, and what they need, until the pod has come to its end."""
        self._task(self._hold())
        self._task(self._containers.images.volumes.keep(lambda: self.pod))
        if any(worker.state.image for worker in self.workers):
            self._task(self._context.dns.ensure())
        if self._has_istio:
            written = asyncio.Event()
            self._task(files.keep(self._context.api, self.pod, self.folder, self._context.folder.pki, written))
            await self.reroute()
            await written.wait()
        else:
            await self._context.services.follow_endpoints()
            await self.reroute()
        await self._containers.run(self._task)

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _hold(self) -> None:
        """Renew the pod's network when the process that holds it has ended."""
        while True:
            await self.sandbox.lost()
            _LOG.warning("pod %s lost its network", self.pod["metadata"]["name"])
            await self.sandbox.renew(self._containers.states())
            self._notify()

    def _notify(self) -> None:
        self._news.set()
        self._context.changed()

    def _account(self) -> PodReport:
        """Write down the pod's status for the next node agent, and return it for the API server."""
        holder = self.sandbox.holder or (self._past.holder if self._past else None)
        assert holder is not None  # noqa: S101 - called only once there is a network, or there has been one
        metadata = self.pod["metadata"]
        state = PodState(
            metadata["namespace"],
            metadata["name"],
            self.address,
            holder,
            self._containers.states(),
            self.ended,
            self._expired,
        )
        state.write(self.folder)
        statuses = [observe(worker, self.logs, self.folder) for worker in self.workers]
        return PodReport(self.pod, statuses, self.ended, self._expired)

    async def _close(self) -> None:
        """Remove the network, the volumes and the roots of the containers, which have ended."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._remove_containers())
        # It goes on when the pod is deleted meanwhile.
        await asyncio.shield(self._closing)

    async def _remove_containers(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.sandbox.close()
        await self._containers.close()

    async def _end(self) -> None:
        await ending.end(self.workers, ending.grace(None if self._deleted else self.pod), self.commands.run_hook)
        await self._close()
        if self._reporting is not None:
            self._reporting.cancel()
        with suppress(OSError):
            await asyncio.to_thread(remove_folder, self.folder)
        await reporting.delete(self._context.api, self.pod, lambda: self._deleted)
