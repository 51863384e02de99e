"""Runs the probes of a container while its process runs, and acts on their results."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from lab.nodeagent import probes
from lab.nodeagent.pods import Container
from lab.nodeagent.probes import ContainerProbe, Verdict
from lab.nodeagent.processes import PodProcess
from lab.nodeagent.state import ContainerState

_KILL_AFTER = 5.0

Execute = Callable[[Sequence[str], float], Awaitable[bool]]
"""Runs a command in a container, and says whether it succeeds within so many seconds."""


class Health:
    """The probes of one container."""

    def __init__(self, container: Container, address: str, execute: Execute | None = None) -> None:
        """Prepare to ask.

        Args:
            container: The container.
            address: Its pod's.
            execute: Runs a command in the container; without one, probes that are commands pass.
        """
        ports = named_ports(container)
        described = {kind: container.spec.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness")}
        self._address = address
        self._execute = execute
        self._probes = {kind: probes.parse(spec, ports) for kind, spec in described.items() if spec}

    async def watch(self, process: PodProcess, state: ContainerState, note: Callable[[bool], None]) -> None:
        """Run the probes for as long as a process runs; end the process if its probes fail.

        Args:
            process: The container's.
            state: The container's state.
            note: Is called with whether the container is ready: when it has started, and after every change.
        """
        if not state.started:
            await self._await_start(process, state.since)
        note(state.ready)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_readiness(state.ready, note))
            if "liveness" in self._probes:
                group.create_task(self._watch_life(process, state.since, self._probes["liveness"]))

    async def _ask(self, probe: ContainerProbe) -> bool:
        if probe.kind == "exec" and self._execute is not None:
            return await self._execute(probe.command, probe.timeout)
        return await probes.ask(probe, self._address)

    async def _await_start(self, process: PodProcess, since: float) -> None:
        probe = self._probes.get("startup")
        if probe is None:
            return
        verdict = Verdict(probe)
        # Asked sooner than a kubelet would, it may fail as long as there.
        deadline = since + probe.delay + probe.period * probe.failures
        while True:
            verdict.hear(await self._ask(probe))
            if verdict.passing:
                return
            if time.time() > deadline:
                await _give_up(process)
            await asyncio.sleep(verdict.pause(eager=True))

    async def _watch_readiness(self, ready: bool, note: Callable[[bool], None]) -> None:
        probe = self._probes.get("readiness")
        if probe is None:
            note(True)
            return
        verdict = Verdict(probe, passing=True if ready else None)
        while True:
            if verdict.hear(await self._ask(probe)):
                note(verdict.passing is True)
            await asyncio.sleep(verdict.pause(eager=True))

    async def _watch_life(self, process: PodProcess, since: float, probe: ContainerProbe) -> None:
        verdict = Verdict(probe)
        await asyncio.sleep(max(0.0, since + probe.delay - time.time()))
        while True:
            verdict.hear(await self._ask(probe))
            if verdict.passing is False:
                await _give_up(process)
            await asyncio.sleep(verdict.pause(eager=False))


def named_ports(container: Container) -> dict[str, int]:
    """Return the ports of a container by their names."""
    return {port["name"]: port["containerPort"] for port in container.spec.get("ports", []) if "name" in port}


async def _give_up(process: PodProcess) -> None:
    """End a process whose liveness or startup probe failed; its worker starts it again."""
    process.terminate()
    await asyncio.wait([process.end], timeout=_KILL_AFTER)
    process.kill()
    await asyncio.wait([process.end])
