"""The interface by which a build reports its progress."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol


class Report(Protocol):
    """Receives the progress; all methods are called in the thread that builds."""

    def missing(self, items: Collection[str], total: int, folder: Path) -> None:
        """Some of `total` things, named in `items`, are going to be made and kept below `folder`."""

    def waiting(self, family: str) -> None:
        """Another process builds this family just now; its work will be used when it is done."""

    def notice(self, text: str) -> None:
        """A line that the user should read."""

    def fetching(self, items: Collection[str], folder: Path) -> None:
        """Releases of these things are going to be fetched and kept below `folder`."""

    def transferred(self, done: int, total: int, size: int) -> None:
        """So many of `total` releases are finished, and `size` bytes of all have arrived."""

    def fetched(self, release: str, size: int, seconds: float) -> None:
        """A release of `size` bytes is finished, so many seconds after the first was begun."""

    def started(self, item: str, done: int, total: int) -> None:
        """An item is being made; `done` of `total` are finished."""

    def finished(self, item: str, seconds: float) -> None:
        """The item that was started last is finished."""
