"""Reports of a build that remember what they hear."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class RecordedReport:
    """A report that remembers."""

    events: list[tuple[object, ...]] = field(default_factory=list)
    while_waiting: Callable[[], None] = lambda: None
    while_starting: Callable[[], None] = lambda: None

    def on_missing(self, items: Collection[str], total: int, folder: Path) -> None:
        self.events.append(("missing", list(items), total, folder))

    def on_waiting(self, family: str) -> None:
        self.events.append(("waiting", family))
        self.while_waiting()

    def on_notice(self, text: str) -> None:
        self.events.append(("notice", text))

    def on_fetching(self, items: Collection[str], folder: Path) -> None:
        self.events.append(("fetching", list(items), folder))

    def on_transferred(self, done: int, total: int, size: int) -> None:
        pass

    def on_fetched(self, release: str, size: int, seconds: float) -> None:
        assert 0 <= seconds < 30
        self.events.append(("fetched", release, size))

    def on_started(self, item: str, done: int, total: int) -> None:
        self.events.append(("started", item, done, total))
        self.while_starting()

    def on_finished(self, item: str, seconds: float) -> None:
        assert 0 <= seconds < 30
        self.events.append(("finished", item))

    def built(self) -> list[object]:
        return [event[1] for event in self.events if event[0] == "finished"]
