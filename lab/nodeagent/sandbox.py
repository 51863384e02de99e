"""The sandbox of one pod: its network, the process that holds it, and the programs that are started in it."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from pyroute2 import NetlinkError

from lab.nodeagent import clearing, networks, nft_table, processes
from lab.nodeagent.nft_table import RedirectionRule, Table
from lab.nodeagent.processes import PodProcess, ProcessIdentity
from lab.nodeagent.state import ContainerState

_PAUSE = 0.5
_LOG = logging.getLogger(__name__)


class Sandbox:
    """A pod's network, and the processes in it."""

    def __init__(self, address: str, rules: Sequence[RedirectionRule], folder: Path, tools: Path) -> None:
        """Prepare a sandbox.

        Args:
            address: The pod's.
            rules: The redirection of the pod's traffic.
            folder: The working directory of its programs.
            tools: The folder of the lab's tools, which its programs find.
        """
        self.holder: ProcessIdentity | None = None
        self._address = address
        self._rules = rules
        self._folder = folder
        self._tools = tools
        self._connected = asyncio.Event()
        self._applied: dict[Table, tuple[RedirectionRule, ...]] = {}
        self._turns: dict[Table, int] = {}
        self._routing = asyncio.Lock()

    @property
    def network(self) -> int:
        """The number of the process that holds the network.

        Raises:
            OSError: The pod has no network.
        """
        if self.holder is None or not self._connected.is_set():
            message = "the pod has no network"
            raise OSError(message)
        return self.holder.pid

    async def connected(self) -> int:
        """Wait for the network, and return the number of the process that holds it."""
        await self._connected.wait()
        return self.network

    async def open(self, holder: ProcessIdentity | None, past: Mapping[str, ContainerState]) -> bool:
        """Make the network, or take that of an earlier node agent over; say whether that was possible.

        Args:
            holder: The process that held it for the earlier node agent.
            past: The states of the pod's containers then.
        """
        if holder is None or not processes.is_alive(holder):
            await self.renew(past)
            return False
        own_pids = frozenset(container.process.pid for container in past.values() if container.process)
        await asyncio.to_thread(clearing.kill_other_processes, holder.pid, own_pids)
        self.holder = holder
        self._connected.set()
        return True

    async def lost(self) -> None:
        """Wait until the process that holds the network has ended: the pod then needs a new network."""
        assert self.holder is not None  # noqa: S101 - it was opened
        with suppress(OSError):
            await asyncio.shield(PodProcess(self.holder).end)
        self._connected.clear()
        with suppress(ChildProcessError):
            os.waitpid(self.holder.pid, os.WNOHANG)

    async def renew(self, containers: Mapping[str, ContainerState]) -> None:
        """Make the network anew; containers that were in the old one end, since they have no connection any more."""
        await asyncio.to_thread(clearing.end_all, containers)
        while True:
            try:
                await self._make()
            except (OSError, NetlinkError) as error:
                _LOG.warning("network %s: %s", self._address, error)
                await asyncio.sleep(_PAUSE)
            else:
                return

    async def _make(self) -> None:
        # What is under way belongs to the network before.
        async with self._routing:
            holder = await asyncio.to_thread(networks.make, self._address, self._rules)
            self.holder = processes.identify(holder) or ProcessIdentity(holder, 0)
            self._applied.clear()
            self._turns.clear()
            self._connected.set()

    async def redirect(self, table: Table, build: Callable[[], tuple[RedirectionRule, ...]]) -> None:
        """Redirect the pod's connections.

        Args:
            table: What these rules are about.
            build: Returns them as they are to be now.
        """
        # Two at once would take each other's table away.
        async with self._routing:
            rules = build()
            if self._applied.get(table) == rules or not self._connected.is_set():
                return
            try:
                turn = 1 - self._turns.get(table, 1)
                await asyncio.to_thread(networks.inside, self.network, partial(nft_table.exchange, table, turn, rules))
            except (OSError, NetlinkError) as error:
                _LOG.warning("network %s: %s", self._address, error)
            else:
                self._applied[table], self._turns[table] = rules, turn

    async def run(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> PodProcess:
        """Start a program, with its output at the end of a log.

        Raises:
            OSError: It cannot be started.
        """
        await self._connected.wait()
        base = {"PATH": f"{self._tools}:{os.defpath}", "HOME": str(self._folder)}
        return await processes.start(command, {**base, **variables}, self._folder, log, self.network)

    async def close(self) -> None:
        """End everything in it, and the network."""
        self._connected.clear()
        if self.holder is not None:
            await asyncio.to_thread(clearing.dissolve, self.holder, self._address)
