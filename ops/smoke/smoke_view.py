"""The output of `boutique smoke`: progress, and the result as text or as JSON."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.smoke import visitor_view
from ops.smoke.link import resolving_hint
from ops.smoke.reached_services import Proof
from ops.smoke.smoke_report import ServiceReport, SmokeReport
from support.deadline import Deadline

_WIDE = 200
_STYLES = {Proof.YES: "green", Proof.IMPLIED: "green", Proof.NO: "red", Proof.UNKNOWN: "dim"}


@contextmanager
def progress(subject: str, deadline: Deadline) -> Iterator[Callable[[str], None]]:
    """Show the current step on stderr, if that is a terminal."""
    with Console(stderr=True).status(f"smoke {subject}") as status:
        yield lambda step: status.update(f"smoke {subject}: asking for {step} ({deadline.spent:.0f} s)")


def show(report: SmokeReport, seconds: float, *, as_json: bool) -> None:
    """Print the result, as text or as JSON."""
    if as_json:
        print(json.dumps(report.to_dict(seconds), indent=2))
        return
    columns = ("containers",) if report.standins else ()
    table = Table("service", "version", "ready", *columns, "reached", box=None, pad_edge=False)
    for service in report.services:
        name, version, ready, reached = _row(service)
        table.add_row(name, version, ready, *(_containers(service) for _ in columns), reached)
    # In a file or a pipe, lines may have any length.
    console = Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=True, highlight=False, markup=False)
    console.print(table)
    console.print()
    for title, value in visitor_view.lines(report.outside):
        console.print(f"{title:<12}{value}")
    if count := report.standins:
        total = len(report.services)
        services = f"{count} of {total} service{'s' * (total != 1)}"
        console.print(f"{'containers':<12}stand-ins instead of images in {services}: see docs/containers.md")
    for line in report.warnings:
        console.print(f"warning: {line}", style="yellow")
    for line in report.errors:
        console.print(f"error: {line}", style="red")
    state, style = "all green", "green"
    if report.unknown:
        state, style = f"no errors, {report.unknown} unknown", "yellow"
    if count := len(report.errors):
        state, style = f"{count} error{'s' * (count > 1)}", "red"
    console.print(f"smoke {report.subject}: {state}, {seconds:.1f} s", style=style)
    if not report.is_feature and report.outside.link and (hint := resolving_hint(report.outside.link.host)):
        print(hint, file=sys.stderr)


def _containers(service: ServiceReport) -> str:
    """Return what runs in the ready pods of a service, in the words of `boutique lab status`."""
    if service.ready and 0 < service.standins < service.ready:
        return f"{service.standins} of {service.ready} stand-in"
    return "stand-in" if service.standins else "image" if service.ready else ""


def _row(service: ServiceReport) -> tuple[str, Text, Text, Text]:
    is_expected = service.running == (service.version,)
    versions = ", ".join(service.running) or "none"
    return (
        service.name,
        Text(
            versions if is_expected else f"{versions} (wanted: {service.version})", style="" if is_expected else "red"
        ),
        Text(
            f"{'?' if service.ready is None else service.ready}/{service.replicas}",
            style="" if service.ready == service.replicas else "red",
        ),
        Text(service.reached.description, style=_STYLES[service.reached.proof]),
    )
