"""Finds out how the processes ended that an earlier node agent had started: the lab's supervisor inherited them."""

import asyncio
from pathlib import Path

from lab.nodeagent.processes import LOST
from lab.nodeagent.state import ContainerState
from support.orphan_ends import read_orphan_end

_PATIENCE = 2.0
"""Seconds: the supervisor learns of an end at the same moment as the node agent, and writes it down at once."""

_POLL = 0.02


class AdoptedEnds:
    """The ends of the processes of one lab that were adopted."""

    def __init__(self, folder: Path) -> None:
        """Prepare to look for them.

        Args:
            folder: Where the supervisor writes them down.
        """
        self._folder = folder

    def find(self, state: ContainerState) -> int:
        """Return the exit code of a container's process that ran when its state was written, and has ended."""
        if state.process is None:
            return LOST
        code = read_orphan_end(self._folder, state.process.pid, state.since)
        return LOST if code is None else code

    async def wait(self, state: ContainerState) -> int:
        """Return the exit code of a container's process that has ended just now."""
        code, waited = self.find(state), 0.0
        while code == LOST and waited < _PATIENCE:
            await asyncio.sleep(_POLL)
            waited += _POLL
            code = self.find(state)
        return code
