"""The interface by which a build reports its progress."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol


class BuildReport(Protocol):
    """Receives the progress; all methods are called in the thread that builds."""

    def on_missing(self, items: Collection[str], total: int, folder: Path) -> None:
        """`total` tools and files are missing; those in `items` will be made and kept below `folder`."""

    def on_waiting(self, family: str) -> None:
        """Another process is building this family; its result will be used."""

    def on_notice(self, text: str) -> None:
        """A line for the user."""

    def on_fetching(self, items: Collection[str], folder: Path) -> None:
        """The releases of these tools and files will be fetched and kept below `folder`."""

    def on_transferred(self, done: int, total: int, size: int) -> None:
        """`done` of `total` releases are finished, and `size` bytes of all have arrived."""

    def on_fetched(self, release: str, size: int, seconds: float) -> None:
        """A release of `size` bytes is finished, `seconds` after the first one started."""

    def on_started(self, item: str, done: int, total: int) -> None:
        """The build of an item starts; `done` of `total` are finished."""

    def on_finished(self, item: str, seconds: float) -> None:
        """The item that was started last is finished, after `seconds`."""
