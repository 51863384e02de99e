"""What `boutique smoke` shows."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.deadline import Deadline
from ops.reached import Proof
from ops.smoketest import Result, ServiceResult
from ops.visit import Visited

_WIDE = 200
_COLOURS = {Proof.YES: "green", Proof.IMPLIED: "green", Proof.NO: "red", Proof.UNKNOWN: "dim"}


@contextmanager
def progress(stack: str, deadline: Deadline) -> Iterator[Callable[[str], None]]:
    """Show on stderr, if that is a terminal, what is asked for."""
    with Console(stderr=True).status(f"smoke {stack}") as line:
        yield lambda asked: line.update(f"smoke {stack}: asking for {asked} ({deadline.spent:.0f} s)")


def show(found: Result, seconds: float, *, as_json: bool) -> None:
    """Print the result, for a reader or for a program."""
    if as_json:
        print(json.dumps(_json(found, seconds), indent=2))
        return
    # What goes into a file or a pipe has lines of any length.
    console = Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=True, highlight=False, markup=False)
    console.print(_table(found))
    console.print()
    for title, value in _lines(found):
        console.print(f"{title:<12}{value}")
    for line in found.warnings:
        console.print(f"warning: {line}", style="yellow")
    for line in found.mistakes:
        console.print(f"wrong: {line}", style="red")
    count = len(found.mistakes)
    state = f"{count} thing{'s' * (count > 1)} wrong" if count else "all green"
    console.print(f"smoke {found.stack.name}: {state}, {seconds:.1f} s", style="red" if count else "green")


def _table(found: Result) -> Table:
    table = Table("service", "version", "ready", "reached", box=None, pad_edge=False)
    for service in found.services:
        ready = "?" if service.ready is None else str(service.ready)
        short = service.ready != service.wanted.replicas
        table.add_row(
            service.name,
            Text(_versions(service), style="" if service.versions == (service.wanted.version,) else "red"),
            Text(f"{ready}/{service.wanted.replicas}", style="red" if short else ""),
            Text(service.reached.said, style=_COLOURS[service.reached.proof]),
        )
    return table


def _versions(service: ServiceResult) -> str:
    running = ", ".join(service.versions) or "none"
    return running if service.versions == (service.wanted.version,) else f"{running} (wanted: {service.wanted.version})"


def _lines(found: Result) -> Iterator[tuple[str, str]]:
    findings = found.findings
    yield "link", str(findings.link or found.stack.url)
    if findings.served:
        facts = findings.served.facts
        yield "TLS", findings.served.protocol
        yield "certificate", f"{facts.subject}, {facts.days_left()} days left"
    if findings.redirect:
        yield "plain HTTP", findings.redirect.said
    if findings.visited:
        yield "pages", ", ".join(f"{one.page.name}{' (failed)' * bool(one.problem)}" for one in findings.visited)


def _json(found: Result, seconds: float) -> dict[str, object]:
    findings = found.findings
    return {
        "stack": found.stack.name,
        "namespace": found.stack.namespace,
        "link": str(findings.link) if findings.link else None,
        "ok": not found.mistakes,
        "services": {service.name: _service(service) for service in found.services},
        "certificate": {
            **findings.served.facts.told(),
            "daysLeft": findings.served.facts.days_left(),
            "protocol": findings.served.protocol,
        }
        if findings.served
        else None,
        "plainHttp": {"sent": findings.redirect.sent, "said": findings.redirect.said} if findings.redirect else None,
        "pages": [_page(one) for one in findings.visited],
        "mistakes": list(found.mistakes),
        "warnings": list(found.warnings),
        "seconds": round(seconds, 1),
    }


def _service(service: ServiceResult) -> dict[str, object]:
    return {
        "ok": not service.mistakes,
        "replicas": service.wanted.replicas,
        "ready": service.ready,
        "version": service.wanted.version,
        "running": list(service.versions),
        "reached": {
            "proof": service.reached.proof,
            "versions": list(service.reached.versions),
            "pods": list(service.reached.pods),
            "said": service.reached.said,
        },
        "mistakes": list(service.mistakes),
    }


def _page(one: Visited) -> dict[str, object]:
    return {
        "name": one.page.name,
        "request": one.page.request,
        "status": one.status,
        "seconds": round(one.seconds, 3),
        "problem": one.problem or None,
    }
