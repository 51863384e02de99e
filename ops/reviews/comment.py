"""Writes the pull request comment with the changes of one stack."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ops.reviews import cost
from ops.reviews.component_view import format_value, summary
from ops.reviews.dangers import dangers
from ops.reviews.differences import differences
from ops.reviews.markdown import LIMIT, MarkdownSection, block, code, fit_sections, header, plain, row
from ops.reviews.plan import Operation, Plan, PlannedResource
from ops.reviews.route_changes import ChangedRoute, RouteTables, Touched, routes
from ops.reviews.summary import parts, totals


@dataclass(frozen=True, kw_only=True)
class ReviewedApplication:
    """Facts of the application that a plan lacks.

    Attributes:
        stores: Names of Deployments whose pods hold state.
        callers: The workloads that call a Service, by its name.
    """

    stores: Collection[str] = ()
    callers: Mapping[str, Sequence[str]] = field(default_factory=dict)


def marker(stack: str) -> str:
    """Return the hidden line that identifies the comment on a stack."""
    return f"<!-- boutique-review {stack} -->"


def comment(plan: Plan, application: ReviewedApplication, commit: str | None = None, limit: int = LIMIT) -> str:
    """Return the comment in GitHub's Markdown.

    Args:
        plan: The plan of the stack.
        application: Facts that the plan lacks.
        commit: The commit that was previewed.
        limit: The maximum number of characters.
    """
    sections = [
        MarkdownSection(head=f"{marker(plan.stack)}\n### {code(plan.stack)}: {_headline(plan)}"),
        # The changes of a failed preview are incomplete.
        *([_failure(plan.errors)] if plan.errors else []),
        *_alerts("WARNING", plan.warnings),
        *([] if plan.errors else _plan_sections(plan, application)),
        *([MarkdownSection(head=f"<sub>{_origin(commit)}</sub>")] if commit else []),
    ]
    return fit_sections(sections, limit)


def _plan_sections(plan: Plan, application: ReviewedApplication) -> Iterator[MarkdownSection]:
    tables = routes(plan)
    yield from _alerts("CAUTION", dangers(plan, application.stores))
    if plan.changing:
        yield summary(parts(plan))
    if tables.touched:
        yield _affected_routes(tables.touched, application)
    if plan.resources:
        yield _costs(plan)
    if plan.changing:
        yield _fields(plan)
    if tables.after:
        yield _table(tables)


def _headline(plan: Plan) -> str:
    if plan.errors:
        return "the preview failed"
    counted = totals(plan)
    changes = [f"{count} to {operation}" for operation, count in counted.items() if operation is not Operation.SAME]
    if not changes:
        return "no changes"
    same = counted.get(Operation.SAME)
    return ", ".join([*changes, *([f"{same} unchanged"] if same else [])])


def _failure(errors: Sequence[str]) -> MarkdownSection:
    return MarkdownSection(lines=[f"{block(error)}\n" for error in errors])


def _alerts(kind: str, lines: Sequence[str]) -> Iterator[MarkdownSection]:
    if lines:
        yield MarkdownSection(head=f"> [!{kind}]", lines=[f"> - {plain(line)}" for line in lines])


def _affected_routes(touched: Sequence[Touched], application: ReviewedApplication) -> MarkdownSection:
    return MarkdownSection(
        head=f"**Affected routes**\n\n{header('request', 'goes to', 'what changes')}",
        lines=[
            row(code(change.route.request), code(change.route.goal), _concern(change, application))
            for change in touched
        ],
    )


def _concern(change: Touched, application: ReviewedApplication) -> str:
    outcome = {
        Operation.CREATE: "new route",
        Operation.DELETE: "**removed**",
        Operation.UPDATE: f"was {code(change.was)}" if change.was else f"now by {code(change.route.owner)}",
    }.get(change.operation)
    callers = application.callers.get(change.route.service, ())
    called = f", called by {', '.join(map(code, callers))}" if callers else ""
    workloads = f"pods of {', '.join(map(code, change.workloads))}{called}" if change.workloads else None
    return "; ".join(filter(None, (outcome, workloads)))


def _costs(plan: Plan) -> MarkdownSection:
    before, after = cost.before(plan), cost.after(plan)
    lines = [
        _amounts("pods", before.pods, after.pods),
        _amounts("objects", before.objects, after.objects),
        _amounts("CPU requests, cores", before.cpu, after.cpu),
        _amounts("memory requests, MiB", before.memory / 2**20, after.memory / 2**20),
    ]
    charts = max(before.charts, after.charts)
    note = "Proxies that the mesh adds to pods are not counted"
    if charts:
        note += f", nor what is in {charts} Helm release{'s' if charts > 1 else ''}"
    title = "cost" if plan.whole else "cost of what changes"
    return MarkdownSection(
        head=header(title, "before", "after", "", numbers=True), lines=lines, tail=f"<sub>{note}.</sub>"
    )


def _amounts(title: str, before: Decimal | int, after: Decimal | int) -> str:
    change = Decimal(after) - Decimal(before)
    return row(
        title, _number(before), _number(after), f"{'+' if change > 0 else ''}{_number(change)}" if change else ""
    )


def _number(value: Decimal | int) -> str:
    return f"{Decimal(value):.3f}".rstrip("0").rstrip(".")


def _fields(plan: Plan) -> MarkdownSection:
    lines = [line for resource in plan.changing if resource.custom for line in _lines(resource)]
    return MarkdownSection(
        title=f"Every field that changes ({len(lines)})",
        head=header("object", "field", "before", "after"),
        lines=lines,
    )


def _lines(resource: PlannedResource) -> Iterator[str]:
    name = f"{resource.kind} {code(resource.name)}"
    if resource.operation is not Operation.UPDATE:
        yield row(f"**{resource.operation}** {name}", "", "", "")
    for difference in differences(resource):
        yield row(name, code(difference.path), format_value(difference.before), format_value(difference.after))


def _table(tables: RouteTables) -> MarkdownSection:
    lines = [_route(route) for route in tables.after.values()]
    unread = [f"\nLeft out: {plain(line)}" for line in tables.unread]
    return MarkdownSection(
        title=f"Route table after the update ({len(lines)})",
        head=header("request", "goes to", "owner"),
        lines=[*lines, *unread],
    )


def _route(route: ChangedRoute) -> str:
    return row(code(route.request), code(route.goal), code(route.owner))


def _origin(commit: str) -> str:
    return f"Of commit {plain(commit)}, by <code>pulumi preview</code>. Updated with every push."
