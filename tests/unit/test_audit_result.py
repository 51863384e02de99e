"""What an audit prints: the matrix, the errors with their remedies, and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from boutique.application.smoke_page import SmokePage
from ops.audit import audit_run
from ops.audit.audit_result import AuditResult
from ops.audit.audit_view import show
from ops.audit.call_edges import CallEdge
from ops.cli import app
from ops.errors import OperationError
from ops.smoke.visit import Visited
from tests.support.online_boutique import write_project

GATEWAY = CallEdge(caller=None, callee="front", carried=6, lost=0)
CARRIED = CallEdge(caller="front", callee="ads", carried=1, lost=0)
LOST = CallEdge(caller="front", callee="cart", carried=1, lost=2)
UNSEEN = CallEdge(caller="front", callee="mail", carried=0, lost=0)
UNREACHED = CallEdge(caller="mail", callee="ads", carried=0, lost=0, is_caller_reached=False)
PAGE = SmokePage(name="index", path="/", requires=("front", "ads"))


def audit_result(*edges: CallEdge, problem: str = "", **more: Any) -> AuditResult:
    page = Visited(page=PAGE, status=200, seconds=0.1, hops=None, problem=problem)
    return AuditResult(environment="dev", key="audit-1", edges=(GATEWAY, *edges), visited=(page,), **more)


def printed_lines(audit: AuditResult, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show(audit, 12.34, as_json=False)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line]


def test_the_matrix_has_a_line_for_each_call(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed_lines(audit_result(CARRIED, LOST, UNSEEN, UNREACHED, left_out=("store",)), capsys)
    assert lines[:6] == [
        "caller callee key seen",
        "gateway front carried 6 requests",
        "front ads carried 1 request",
        "front cart lost by front, 2 of 3 requests",
        "front mail not exercised no page made front call it",
        "mail ads not exercised mail was not reached",
    ]
    assert "not audited: store: not called by HTTP or gRPC, or not deployed" in lines
    assert lines[-1] == "audit dev: 1 of 4 calls carried the key, 1 lost it, 2 not exercised, 12.3 s"


def test_a_loss_is_an_error_that_names_who_lost_the_key_and_what_to_do() -> None:
    [error] = audit_result(CARRIED, LOST, UNSEEN).errors
    assert error.startswith(
        "front -> cart: front lost feature=audit-1 in 2 of 3 requests, which went to the environment"
    )
    assert "hand the header `baggage` on in front" in error
    [message] = audit_result(CallEdge(caller="a", callee="b", carried=0, lost=1, is_known_to_lose=True)).errors
    assert "b, as the application says; let a feature of b deploy a as well" in message


def test_without_a_loss_there_is_no_error() -> None:
    assert audit_result(CARRIED, UNSEEN).errors == ()


def test_a_page_that_failed_and_a_gateway_that_led_elsewhere_are_errors() -> None:
    [error] = audit_result(CARRIED, problem="answered 500").errors
    assert error == "page 'index' (GET /): answered 500; it needs front, ads"
    nowhere = AuditResult(
        environment="dev", key="k", edges=(CallEdge(caller=None, callee="front", carried=0, lost=0),), visited=()
    )
    assert "no request of the preview link reached front of the feature; `boutique routes dev`" in nowhere.errors[0]


def test_what_the_application_says_wrongly_is_a_warning() -> None:
    undeclared = CallEdge(caller="a", callee="b", carried=1, lost=0, is_declared=False)
    wrong = CallEdge(caller="c", callee="d", carried=1, lost=0, is_known_to_lose=True)
    warnings = audit_result(undeclared, wrong, LOST, warnings=("first",)).all_warnings
    assert warnings[0] == "first"
    assert warnings[1].startswith("a -> b: the application does not say that there are such calls")
    assert warnings[2].startswith("c -> d: the application says that such calls lose the key")
    assert len(warnings) == 3


def test_the_result_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    show(audit_result(CARRIED, LOST, UNSEEN), 12.34, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["carried"], document["lost"], document["notExercised"]) == (False, 1, 1, 1)
    assert [(edge["caller"], edge["callee"], edge["state"]) for edge in document["edges"]] == [
        (None, "front", "carried"),
        ("front", "ads", "carried"),
        ("front", "cart", "lost"),
        ("front", "mail", "not exercised"),
    ]
    assert document["seconds"] == 12.3


@pytest.mark.parametrize(("edge", "code"), [(CARRIED, 0), (UNSEEN, 0), (LOST, 3)])
def test_the_exit_code_says_whether_something_was_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, edge: CallEdge, code: int
) -> None:
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    requests: list[audit_run.AuditRequest] = []

    def run(_: Path, stack: str, request: audit_run.AuditRequest, progress: Any) -> AuditResult:
        assert (stack, progress("a step")) == ("dev", None)
        requests.append(request)
        return audit_result(edge)

    monkeypatch.setattr(audit_run, "run", run)
    assert CliRunner().invoke(app, ["audit", "dev", "--no-order"]).exit_code == code
    [request] = requests
    assert request.pages
    assert not [page for page in request.pages if page.order]


def test_what_cannot_be_audited_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(app, ["audit", "dev"])
    assert isinstance(outcome.exception, OperationError)
    assert "there is no Pulumi.yaml" in str(outcome.exception)
    assert "Missing argument 'ENV'" in CliRunner().invoke(app, ["audit"]).output
