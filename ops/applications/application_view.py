"""Prints an application: its call graph and what it lacks."""

from collections.abc import Iterator

import typer
from rich.table import Table

from boutique.application.advice import Topic, application_advice
from boutique.application.application import Application
from boutique.application.call_graph import WorkloadCall, workload_calls
from ops.releases.release_view import console

_TITLES = {
    Topic.FEATURES: "Features",
    Topic.RELEASES: "Releases",
    Topic.HTTPS: "HTTPS",
}


def show_application(application: Application, *, mermaid: bool) -> None:
    """Print the call graph of an application, as a table or for Mermaid, and what the application lacks."""
    if mermaid:
        typer.echo("\n".join(_mermaid(application)))
        return
    edges = list(workload_calls(application))
    typer.echo(
        f"{application.name}: {len(application.workloads_by_name)} workloads, {len(edges)} calls, "
        f"people reach {application.entry.workload}"
    )
    table = Table("caller", "callee", "port", "features", box=None, pad_edge=False)
    for edge in edges:
        port = f"{edge.port.port} ({edge.port.app_protocol or edge.port.name})"
        table.add_row(edge.caller, edge.callee, port, _followed(edge))
    if edges:
        console().print(table)
    advice = list(application_advice(application))
    for topic in Topic:
        lines = [f"  {item.key}: {item.text}" for item in advice if item.topic is topic]
        typer.echo(f"{_TITLES[topic]}:" if lines else f"{_TITLES[topic]}: nothing is missing")
        for line in lines:
            typer.echo(line)


def _followed(edge: WorkloadCall) -> str:
    if not edge.has_headers:
        return "not followed: the protocol has no headers"
    return "followed" if edge.carries_baggage else "not followed: the caller loses `baggage`"


def _mermaid(application: Application) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  people(( )) --> {application.entry.workload}"
    pairs: dict[tuple[str, str], bool] = {}
    for edge in workload_calls(application):
        pair = (edge.caller, edge.callee)
        pairs[pair] = pairs.get(pair, False) or edge.is_followed
    for (caller, callee), is_followed in pairs.items():
        yield f"  {caller} {'-->' if is_followed else '-.->'} {callee}"
