"""The lab's tools as seen from the command: their paths and versions, and the progress of fetching or building them."""

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lab.errors import LabError
from lab.toolchain.build import Origin, Toolchain, ensure, locate_all
from lab.toolchain.tools import families, families_of_tests

_HEARTBEAT = 60.0


def show(only: Collection[str] | None, *, as_json: bool, only_path: bool) -> None:
    """Print where each tool is and in which version, fetching and building nothing.

    Raises:
        LabError: `only` names a tool that does not exist, or only paths are wanted and a tool has none yet.
    """
    places = [place for place in locate_all() if only is None or place.name in only]
    if unknown := sorted(set(only or ()) - {place.name for place in places}):
        message = f"no such tool: {', '.join(unknown)}; `boutique lab tools` lists them"
        raise LabError(message)
    if only_path:
        if missing := [place.name for place in places if place.path is None]:
            message = f"not there yet: {', '.join(missing)}; add --build"
            raise LabError(message)
        print(*(place.path for place in places), sep="\n")
        return
    if as_json:
        rows = [
            {
                "name": place.name,
                "version": place.version,
                "origin": place.origin,
                "path": None if place.path is None else str(place.path),
            }
            for place in places
        ]
        print(json.dumps(rows, indent=2))
        return
    table = Table("tool", "version", "origin", box=None, pad_edge=False)
    table.add_column("path", overflow="fold")
    for place in places:
        path = "fetched or built when it is needed" if place.path is None else str(place.path)
        table.add_row(place.name, place.version, place.origin, Text(path))
    # A pipe has no width, and a path that is cut is of no use to `grep` and `awk`.
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width).print(table)


def toolchain(*, tests: bool = False, only: Collection[str] | None = None, origin: Origin = "auto") -> Toolchain:
    """Make tools of a lab available and show the progress on stderr.

    Args:
        tests: Whether to include the tools that only tests and users need.
        only: The names of the tools; all by default.
        origin: Where missing tools come from.
    """
    console = Console(stderr=True)
    choice = (*families(), *families_of_tests()) if tests else families()
    if tests and only is None:
        only = [tool.name for family in choice for tool in family.tools]
    with _live(console) if console.is_terminal else _plain(console) as report:
        return ensure(report, only=only, choice=choice, origin=origin)


def make_on_demand(name: str) -> None:
    """Make a tool available that is made when it is first run; any other name is ignored."""
    if name in {tool.name for family in families() for tool in family.tools if tool.on_demand}:
        toolchain(only=[name])


@contextmanager
def _live(console: Console) -> Iterator["ToolReport"]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", visible=False)
        yield ToolReport(console, lambda doing: progress.update(task, description=doing, visible=True))


@contextmanager
def _plain(console: Console) -> Iterator["ToolReport"]:
    report = ToolReport(console)
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_HEARTBEAT):
            report.still()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield report
    finally:
        over.set()
        thread.join()


@dataclass
class ToolReport:
    """Writes a line per event; and what is being done to one line of a terminal, or as a line each minute to a log.

    Attributes:
        console: Where lines go.
        live: Replaces the line of a terminal; None for a log.
    """

    console: Console
    live: Callable[[str], None] | None = None
    _doing: str = field(default="", init=False)
    _since: float = field(default=0.0, init=False)

    def on_missing(self, items: Collection[str], total: int, folder: Path) -> None:
        """Write the work ahead."""
        _say(self.console, _ahead(items, total, folder))

    def on_waiting(self, family: str) -> None:
        """Show the process that it waits for."""
        self._begin(f"waiting: another process builds {family}")

    def on_notice(self, text: str) -> None:
        """Write a line."""
        _say(self.console, text)

    def on_fetching(self, items: Collection[str], folder: Path) -> None:
        """Write the work ahead."""
        self._since = time.monotonic()
        _say(self.console, _ahead_of_fetching(items, folder))

    def on_transferred(self, done: int, total: int, size: int) -> None:
        """Show the progress; a log has it in its next periodic line."""
        self._doing = _download_status(done, total, size) if done < total else ""
        if self.live:
            self.live(_download_status(done, total, size))

    def on_fetched(self, release: str, size: int, seconds: float) -> None:
        """Write a line about the release."""
        _say(self.console, f"{release}, {_megabytes(size)}, after {_duration(seconds)}")

    def on_started(self, item: str, done: int, total: int) -> None:
        """Show that the item has started."""
        self._begin(f"building {item}, {done + 1} of {total}")

    def on_finished(self, item: str, seconds: float) -> None:
        """Write that the item is finished."""
        self._doing = ""
        _say(self.console, f"{item} in {_duration(seconds)}")

    def still(self) -> None:
        """Write that the work continues, if there is any."""
        if doing := self._doing:
            _say(self.console, f"still {doing}, for {_duration(time.monotonic() - self._since)}")

    def _begin(self, doing: str) -> None:
        self._since, self._doing = time.monotonic(), doing
        if self.live:
            self.live(doing)
        else:
            _say(self.console, doing)


def _ahead(items: Collection[str], total: int, folder: Path) -> str:
    if len(items) == total:
        return (
            "The lab's tools are built from source, once. On two cores that takes about 10 minutes, less if Go has "
            f"compiled parts of them before, and 8 GB with Go's own caches. They are kept in {folder}."
        )
    return f"Building what is missing of the lab's tools ({', '.join(items)}) into {folder}."


def _ahead_of_fetching(items: Collection[str], folder: Path) -> str:
    return f"Fetching official releases of the lab's tools ({', '.join(items)}) into {folder}."


def _download_status(done: int, total: int, size: int) -> str:
    return f"fetching releases, {done} of {total} done, {_megabytes(size)}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _say(console: Console, text: str) -> None:
    # Paths and names are shown as they are: neither read as markup nor broken at the width of a pipe.
    console.print(text, markup=False, highlight=False, soft_wrap=True)
