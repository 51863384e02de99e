"""The output of `boutique audit`: the matrix of calls, as text or as JSON."""

import json
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.audit.audit_result import AuditResult
from ops.audit.call_edges import CallEdge, EdgeState

_WIDE = 200
_COLOURS = {EdgeState.CARRIED: "green", EdgeState.LOST: "red", EdgeState.NOT_EXERCISED: "yellow"}


def show(result: AuditResult, seconds: float, *, as_json: bool) -> None:
    """Print the result of an audit."""
    if as_json:
        print(json.dumps(document(result, seconds), indent=2))
        return
    table = Table("caller", "callee", "key", "seen", box=None, pad_edge=False)
    for edge in result.edges:
        state = Text(edge.state, style=_COLOURS[edge.state])
        table.add_row(edge.caller or "gateway", edge.callee, state, result.description(edge))
    # In a file or a pipe, lines may have any length.
    console = Console(width=None if sys.stdout.isatty() else _WIDE, soft_wrap=True, highlight=False, markup=False)
    console.print(table)
    console.print()
    if result.left_out:
        console.print(f"not audited: {', '.join(result.left_out)}: not called by HTTP or gRPC, or not deployed")
    for line in result.all_warnings:
        console.print(f"warning: {line}", style="yellow")
    for line in result.errors:
        console.print(f"error: {line}", style="red")
    console.print(summary(result, seconds), style="red" if result.errors else "green")


def summary(result: AuditResult, seconds: float) -> str:
    """Return the result in one line."""
    carried, lost, unseen = (result.count(state) for state in EdgeState)
    return (
        f"audit {result.environment}: {carried} of {len(result.calls)} calls carried the key, {lost} lost it, "
        f"{unseen} not exercised, {seconds:.1f} s"
    )


def document(result: AuditResult, seconds: float) -> dict[str, object]:
    """Return the result as a JSON document."""
    return {
        "environment": result.environment,
        "key": result.key,
        "ok": not result.errors,
        **{_camel(state): result.count(state) for state in EdgeState},
        "edges": [_edge(result, edge) for edge in result.edges],
        "notAudited": list(result.left_out),
        "pages": [
            {"name": page.page.name, "status": page.status, "problem": page.problem or None} for page in result.visited
        ],
        "warnings": list(result.all_warnings),
        "errors": list(result.errors),
        "seconds": round(seconds, 1),
    }


def _edge(result: AuditResult, edge: CallEdge) -> dict[str, object]:
    return {
        "caller": edge.caller,
        "callee": edge.callee,
        "state": edge.state,
        "carried": edge.carried,
        "lost": edge.lost,
        "declared": edge.is_declared,
        "knownToLose": edge.is_known_to_lose,
        "seen": result.description(edge),
    }


def _camel(state: EdgeState) -> str:
    return "notExercised" if state is EdgeState.NOT_EXERCISED else str(state)
