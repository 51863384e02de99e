"""The comment on a pull request: what it says, that it is safe to paste, and that it fits."""

import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from ops.reviews.comment import ReviewedApplication, comment, marker
from ops.reviews.markdown import LIMIT, block, code, plain, row
from ops.reviews.plan import Operation, Plan
from ops.reviews.preview_parser import read
from ops.reviews.route_changes import routes as route_table
from tests.support.unit.preview_documents import (
    UNKNOWN,
    deployment,
    document,
    edge_route,
    kubernetes,
    mesh_route,
    metadata,
    microservice,
    one_line,
    routes,
)

GOLDEN = Path(__file__).parent / "data/review.md"
APPLICATION = ReviewedApplication(stores=["redis-cart"], callers={"adservice": ["frontend"]})
NASTY = "a|b `c` ``d`` <img src=x> @someone #1 </details> -->\n- [x](y) *z*"


def comment_text(plan: Plan, **more: Any) -> str:
    return comment(plan, APPLICATION, **more)


def test_a_one_line_change_is_told_as_it_was_before() -> None:
    assert comment_text(read(one_line()), commit="0123abc") == GOLDEN.read_text()


def test_the_marker_is_the_first_line_and_the_same_for_each_plan_of_a_stack() -> None:
    for plan in (read(one_line()), Plan(stack="local"), Plan(stack="local", errors=("no",))):
        assert comment_text(plan).splitlines()[0] == marker("local") == "<!-- boutique-review local -->"
    assert marker("dev") != marker("dev-new-ads")


def test_no_changes_are_no_table() -> None:
    same = deployment("adservice", "v0.10.6")
    text = comment_text(read(document(*microservice("adservice", 9555, same, same))))
    assert "### `local`: no changes" in text
    assert "| part |" not in text
    assert "Affected routes" not in text


def test_a_failed_preview_says_why_and_nothing_of_its_half_plan() -> None:
    steps = one_line()["steps"]
    plan = read({"steps": steps, "diagnostics": [{"severity": "error", "message": "1 mistake:\n  ```x"}]})
    text = comment_text(plan)
    assert "### `local`: the preview failed" in text
    assert "````text\n1 mistake:\n  ```x\n````" in text
    assert "adservice" not in text
    assert "cost" not in text


def test_warnings_and_dangers_stand_out() -> None:
    step = kubernetes("core/v1:Namespace", "dev", {"metadata": metadata("dev")}, None, protect=True)
    warning = {"severity": "warning", "message": "warning: nobody is *sent* there"}
    text = comment_text(read(document(step, diagnostics=[warning])))
    assert "> [!CAUTION]\n> - Namespace dev is protected, and the plan would delete it" in text
    assert r"> [!WARNING]" + "\n" + r"> - nobody is \*sent\* there" in text


def test_routes_of_a_service_that_changes_are_concerned_and_others_are_not() -> None:
    table = route_table(read(one_line()))
    assert [(change.route.request, change.operation, change.workloads) for change in table.touched] == [
        ("adservice:9555", Operation.SAME, ("adservice",))
    ]
    assert list(table.after) == ["https://shop.localhost:8443", "adservice:9555", "frontend:80"]
    assert table.after == table.before


@pytest.mark.parametrize(
    ("before", "after", "operation", "was"),
    [
        (None, mesh_route("a", 1), Operation.CREATE, None),
        (mesh_route("a", 1), None, Operation.DELETE, None),
        (mesh_route("a", 1), mesh_route("a", 1, "b"), Operation.UPDATE, "a:1"),
    ],
)
def test_a_route_that_changes_is_concerned(before: Any, after: Any, operation: Operation, was: str | None) -> None:
    [touched] = route_table(read(document(*routes((before, after))))).touched
    assert (touched.operation, touched.was) == (operation, was)
    text = comment_text(read(document(*routes((before, after)))))
    assert {"create": "new route", "delete": "**removed**", "update": "was `a:1`"}[operation] in text


def test_what_leads_plain_http_to_https_is_no_route_of_an_environment() -> None:
    redirect = {
        "metadata": {**metadata("redirect"), "namespace": "istio-ingress"},
        "spec": {"rules": [{"filters": []}]},
    }
    table = route_table(read(document(*routes((None, redirect)))))
    assert (table.after, table.touched, table.unread) == ({}, (), ())
    other = {**redirect, "metadata": metadata("other")}
    assert "HTTPRoute other of local" in route_table(read(document(*routes((None, other))))).unread[0]


def test_before_a_stack_has_a_link_hosts_are_told_without_a_port() -> None:
    table = route_table(read(document(*routes((None, edge_route())), url=None)))
    assert list(table.after) == ["shop.localhost"]


def test_the_id_of_a_session_is_nowhere() -> None:
    edge = edge_route()
    session = [{"headers": [{"name": "cookie", "type": "RegularExpression", "value": "canary"}]}]
    changed = {**edge, "spec": {**edge["spec"], "rules": [{**edge["spec"]["rules"][0], "matches": session}]}}
    text = comment_text(read(document(*routes((edge, changed)))))
    assert "| HTTPRoute `edge` | `spec` | *not shown* | *not shown* |" in text
    assert "| `routes` | 1 to update | `spec`, which is not shown |" in text
    assert "canary" not in text


def test_what_comes_and_goes_is_named_as_a_whole() -> None:
    gone, new = deployment("old", "v1"), deployment("new", "v2")
    steps = [*microservice("old", 80, gone, None), *microservice("new", 80, None, new)]
    text = comment_text(read(document(*steps)))
    assert "### `local`: 2 to delete, 2 to create" in text
    assert "| `old` | 2 to delete | **delete** Service `old`<br>**delete** Deployment `old` |" in text
    assert "| `new` | 2 to create | create Service `new`<br>create Deployment `new`, image `new:v2` |" in text
    assert "| pods | 1 | 1 |  |" in text


def test_what_nobody_knows_before_the_update_is_in_nobodys_way() -> None:
    complete = deployment("a", "1")
    steps = [
        kubernetes("apps/v1:Deployment", "a", None, {**complete, "spec": {**complete["spec"], "replicas": UNKNOWN}}),
        kubernetes("apps/v1:Deployment", "b", None, {"metadata": UNKNOWN, "spec": UNKNOWN}),
        kubernetes("core/v1:Service", "c", None, {"metadata": metadata("c"), "spec": UNKNOWN}),
        *routes((None, {"metadata": metadata("d"), "spec": UNKNOWN}), (None, mesh_route("c", 1))),
    ]
    text = comment_text(read(document(*steps, url=None)))
    assert "| pods | 0 | 2 | +2 |" in text
    assert "create Deployment `b` |" in text


def test_of_many_changes_of_one_part_some_are_told_at_once() -> None:
    before, after = (deployment("a", "1", env=[{"name": f"V{n}", "value": v} for n in range(9)]) for v in "xy")
    text = comment_text(read(document(*microservice("a", 80, before, after))))
    assert "`env[V3].value` `x` → `y`<br>and 5 more, see below |" in text
    assert "<details><summary>Every field that changes (9)</summary>" in text


@pytest.mark.parametrize("written_as", [code, lambda text: row(code(text), code(text)), plain, block])
def test_nothing_in_a_text_is_taken_for_markdown(written_as: Any) -> None:
    page = MarkdownIt("commonmark").enable("table").render(f"{row('x', 'y')}\n|---|---|\n{written_as(NASTY)}\n")
    assert "<img" not in page
    assert "<em>" not in page
    assert "</details>" not in page
    assert not re.search(r"(?<![`\w>])@someone(?!<)", re.sub(r"<code[^>]*>.*?</code>", "", page, flags=re.DOTALL))


def test_a_text_in_a_cell_stays_in_its_cell() -> None:
    table = f"{row('x', 'y')}\n|---|---|\n{row(code('a|b'), code('`c`'))}\n"
    page = MarkdownIt("commonmark").enable("table").render(table)
    assert re.findall(r"<td>(.*?)</td>", page) == ["<code>a|b</code>", "<code>`c`</code>"]


def many(count: int) -> Plan:
    steps = [
        step
        for number in range(count)
        for step in microservice(
            f"service-{number}",
            9555,
            deployment(f"service-{number}", "v1", env=[{"name": f"V{index}", "value": NASTY} for index in range(20)]),
            deployment(
                f"service-{number}", "v2ü", env=[{"name": f"V{index}", "value": "ü" * 300} for index in range(20)]
            ),
        )
    ]
    return read(document(*steps))


def test_a_comment_always_fits_and_says_what_is_left_out() -> None:
    text = comment_text(many(300))
    assert len(text) <= len(text.encode()) <= LIMIT == 65_536
    # The rows that matter more come first, and every part that was opened is closed.
    lines = text.splitlines()
    assert len([line for line in lines if line.startswith("<details>")]) == lines.count("</details>") == 1
    assert re.search(r"… and \d+ more; `pulumi preview --diff` shows all of them.", text)
    assert "### `local`: 300 to update" in text
    assert "| pods | 300 | 300 |" in text


def test_a_comment_that_fits_is_whole() -> None:
    assert "more; `pulumi preview" not in comment_text(many(2))


def test_a_smaller_limit_leaves_out_the_details_first() -> None:
    whole, short = comment_text(many(2)), comment_text(many(2), limit=6_000)
    assert len(short.encode()) <= 6_000
    assert [line for line in whole.splitlines() if line.startswith("| `service-")] == [
        line for line in short.splitlines() if line.startswith("| `service-")
    ]
