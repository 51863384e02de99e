"""Prints the result of an import: the file on stdout, all else on stderr."""

import typer

from boutique.application.manifests.field_comparison import FieldComparison
from ops.applications.manifest_import import ImportResult


def show_import(result: ImportResult) -> None:
    """Print an imported application, what was left out of it, and how its fields compare."""
    typer.echo(result.text, nl=False)
    for line in result.report.left_out:
        _say(f"left out: {line}", typer.colors.YELLOW)
    for line in result.report.notes:
        _say(f"note: {line}")
    if result.comparison:
        _show_comparison(result.comparison)
    for line in result.errors:
        _say(f"error: {line}", typer.colors.RED)


def _show_comparison(comparison: FieldComparison) -> None:
    for item in comparison.decided:
        _say(
            f"chosen by the program: {item.reference}: {item.path}: {_change(item.given, item.rendered)}: {item.reason}"
        )
    for item in comparison.differences:
        _say(f"differs: {item.reference}: {item.path}: {_change(item.given, item.rendered)}", typer.colors.YELLOW)
    count = comparison.equal + len(comparison.decided) + len(comparison.differences)
    _say(
        f"{count} fields of pods, containers and Services: {comparison.equal} are equal, "
        f"{len(comparison.decided)} are the program's to choose, {len(comparison.differences)} differ"
    )


def _change(given: str, rendered: str | None) -> str:
    return f"{_cut(given)} becomes {_cut(rendered) if rendered is not None else 'nothing'}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def _say(text: str, color: str | None = None) -> None:
    typer.secho(text, fg=color, err=True)
