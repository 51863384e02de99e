"""Requests go back to warm pods before an update does anything else."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pulumi


class WayBack:
    """Delays resources that a blue/green rollback does not depend on until traffic has switched.

    The engine looks at resources one after another, in the order in which the program tells of them. A dependency would
    give that order too, but it would be written to the state, and again when it is gone with the next update.

    Used as a context manager around all that is built, so that nothing waits for ever after an error.

    Attributes:
        taken: For `depends_on` of resources that may wait; it names no resource. Known once requests are where they
            shall be, and at once if none go back.
    """

    taken: pulumi.Output[Sequence[pulumi.Resource]]

    def __init__(self) -> None:
        self._switches: list[pulumi.Output[str]] = []
        self._all_named = asyncio.Event()
        self.taken = pulumi.Output.from_input(self._wait())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all_named.set()

    def add(self, switched: pulumi.Output[str]) -> None:
        """Have the others wait for one more switch."""
        self._switches.append(switched)

    async def _wait(self) -> Sequence[pulumi.Resource]:
        await self._all_named.wait()
        # One that fails delays nothing: the engine ends the update, unless it was asked to go on.
        await asyncio.gather(*(switch.future() for switch in self._switches), return_exceptions=True)
        return []
