"""Keeps one container of a pod alive, and knows its status."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from lab.containers.start_errors import ContainerStartError
from lab.nodeagent.adopted_ends import AdoptedEnds
from lab.nodeagent.kubelet_health import Execute, Health
from lab.nodeagent.pods import Container
from lab.nodeagent.processes import LOST, PodProcess, is_alive
from lab.nodeagent.restart_backoff import RestartBackoff
from lab.nodeagent.restart_policy import RestartPolicy, end_state, is_restarted
from lab.nodeagent.state import ContainerState

_START_FAILURES = {"RunContainerError": 128, "PostStartHookError": 137}
"""The reasons for which a container counts as one that has run and ended, with the exit code that a kubelet reports.

For all others it has not been created yet, and is tried again with every restart policy.
"""

_AGAIN = 1.0
_LOG = logging.getLogger(__name__)


class ContainerWorker:
    """One container: starts it, restarts it, and knows the results of its probes."""

    def __init__(
        self,
        container: Container,
        address: str,
        start: Callable[[], Awaitable[PodProcess]],
        changed: Callable[[], None],
        past: ContainerState | None = None,
        execute: Execute | None = None,
        policy: RestartPolicy = "Always",
        ends: AdoptedEnds | None = None,
    ) -> None:
        """Take a container over.

        Args:
            container: The container.
            address: Its pod's.
            start: Starts its process.
            changed: Is called when its status changes.
            past: What an earlier node agent knew of it.
            execute: Runs a command in it, for its probes; without one, such probes pass.
            policy: Whether it is started again when it has ended.
            ends: Finds out how processes ended that an earlier node agent had started.
        """
        self.container = container
        self.address = address
        self.state = past or ContainerState()
        self.pausing = False
        self.trouble = ""
        self.trouble_reason = ""
        self.started = asyncio.Event()
        self.completed = asyncio.Event()
        self.terminated = asyncio.Event()
        self._policy = policy
        self._health = Health(container, address, execute)
        self._start = start
        self._changed = changed
        self._backoff = RestartBackoff()
        self._stopping = False
        self._process: PodProcess | None = None
        if self.state.process and is_alive(self.state.process):
            find_end = partial(ends.wait, self.state) if ends else None
            self._process = PodProcess(self.state.process, stop_signal=self.state.stop_signal, find_end=find_end)
        else:
            self.state = end_state(self.state, ends.find if ends else lambda _: LOST)
        if self._process is None and self.state.exit_code is not None:
            self._conclude(self.state.exit_code)

    @property
    def ready(self) -> bool:
        """Whether its readiness probe passes."""
        return self.state.ready

    def complete(self) -> None:
        """Take note that an init container has done its work, or that there is none for it."""
        self.completed.set()
        self.terminated.set()

    def decide(self, image: str) -> None:
        """Take note of the digest of the image that it runs; empty for a stand-in."""
        self.state = replace(self.state, image=image)

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self._process is not None

    async def keep(self) -> None:
        """Keep it alive until it has ended for good, until `stop()`, or until this task is cancelled.

        The process outlives the task.
        """
        while not self._stopping and not self.terminated.is_set():
            if self._process is None:
                await self._begin()
            process = self._process
            if process is None:
                self._backoff.note_failed_start()
            else:
                watching = asyncio.create_task(self._watch(process))
                try:
                    code = await asyncio.shield(process.end)
                finally:
                    watching.cancel()
                self._end(code)
            if not self._stopping and not self.terminated.is_set():
                await self._back_off()

    async def stop(self, patience: float) -> None:
        """End it: politely, and after so many seconds by force."""
        self._stopping = True
        process = self._process
        if process is None:
            if self.state.exit_code is not None:
                self._conclude(self.state.exit_code)
            return
        process.terminate()
        await asyncio.wait([process.end], timeout=max(0.0, patience))
        process.kill()
        await asyncio.wait([process.end])

    async def _watch(self, process: PodProcess) -> None:
        while True:
            try:
                await self._health.watch(process, self.state, self._note)
            except Exception:
                # Without its probes a container would never become ready, and the log would not say why.
                _LOG.exception("the probes of container %s", self.container.name)
                await asyncio.sleep(_AGAIN)
            else:
                return

    async def _begin(self) -> None:
        again = self.state.since > 0
        try:
            self._process = await self._start()
        except ContainerStartError as error:
            self._note_trouble(str(error), error.reason)
            code = _START_FAILURES.get(error.reason)
            if code is not None and not is_restarted(self._effective_policy, code):
                self.state = replace(self.state, since=time.time(), restarts=self.state.restarts + again)
                self._end(code)
            return
        except OSError as error:
            self._note_trouble(str(error), "RunContainerError")
            return
        self.trouble = ""
        restarts = self.state.restarts + again
        self.state = replace(
            self.state,
            process=self._process.identity,
            since=time.time(),
            restarts=restarts,
            started=False,
            stop_signal=self._process.stop_signal,
        )
        self._changed()

    def _note_trouble(self, trouble: str, reason: str) -> None:
        self.trouble, self.trouble_reason = trouble, reason
        self._changed()

    def _end(self, code: int) -> None:
        self._backoff.note_end(self.state.since)
        self._process = None
        self.started.clear()
        self.state = replace(
            self.state,
            process=None,
            exit_code=code,
            began=self.state.since,
            ended=time.time(),
            started=False,
            ready=False,
        )
        self._conclude(code)
        self._changed()

    @property
    def _effective_policy(self) -> RestartPolicy:
        # A stand-in serves until it is stopped: its end says nothing of the program that it stands for.
        return "Always" if self.container.kind == "app" and self.state.image == "" else self._policy

    def _conclude(self, code: int) -> None:
        """Take note of an end that is the last one."""
        if self.container.init and code == 0:
            self.complete()
        elif self._stopping or not is_restarted(self._effective_policy, code):
            self.terminated.set()

    async def _back_off(self) -> None:
        if seconds := self._backoff.seconds:
            self.pausing = True
            self._changed()
            await asyncio.sleep(seconds)
            self.pausing = False

    def _note(self, ready: bool) -> None:
        """Take note of the results of the probes: the container has started."""
        ready = ready and not self.container.init
        self.state = replace(self.state, started=True, ready=ready)
        self.started.set()
        self._changed()
