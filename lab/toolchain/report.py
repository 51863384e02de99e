"""How a build tells what it is doing, without knowing who listens."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol


class Report(Protocol):
    """Hears how the work goes on; everything is called in the thread that builds."""

    def missing(self, items: Collection[str], total: int, folder: Path) -> None:
        """Some of `total` things, named in `items`, are going to be made and kept below `folder`."""

    def waiting(self, family: str) -> None:
        """Another process builds this family just now; its work will be used when it is done."""

    def started(self, item: str, done: int, total: int) -> None:
        """An item is being made; `done` of `total` are finished."""

    def finished(self, item: str, seconds: float) -> None:
        """The item that was started last is finished."""
