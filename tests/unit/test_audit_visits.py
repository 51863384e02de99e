"""When an audit believes what it sees: a proxy may learn of a route later than the others."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from boutique.application.smoke_page import SmokePage
from ops.audit import audit_visits
from ops.audit.audit_visits import AuditVisit, VisitPlan, settled_visit
from ops.audit.call_edges import CallEdge, EdgeState
from ops.audit.proxy_counters import WorkloadRequests
from ops.audit.proxy_reader import ProxyReader
from ops.smoke.gateway_checks import trust
from ops.smoke.link import Link, UnreachableError
from ops.smoke.visit import Visited
from support.deadline import Deadline

PAGE = SmokePage(name="index", path="/", requires=())
LINK = Link(scheme="https", host="audit.shop.example", port=443)


def pages(problem: str = "") -> tuple[Visited, ...]:
    return (Visited(page=PAGE, status=200, seconds=0, hops=None, problem=problem),)


def edges(carried: int = 1, lost: int = 0, received: int = 1) -> tuple[CallEdge, ...]:
    gateway = CallEdge(caller=None, callee="front", carried=received, lost=0)
    return (gateway, CallEdge(caller="front", callee="ads", carried=carried, lost=lost))


class Reader:
    """The proxies, which need not be read."""

    def read(self) -> Mapping[str, Any]:
        return {}

    def requests(self, before: object, after: object) -> Mapping[str, WorkloadRequests]:
        assert before == after == {}
        return {}


class Clock(Deadline):
    """A time limit on which each look takes a second."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.now = 0.0

    @property
    def spent(self) -> float:
        self.now += 1
        return self.now


Round = tuple[tuple[Visited, ...] | UnreachableError, tuple[CallEdge, ...]]


def settle(monkeypatch: pytest.MonkeyPatch, rounds: Sequence[Round], seconds: float = 1000) -> tuple[AuditVisit, int]:
    """Return the visit that is believed, and how many were made."""
    results: Iterator[Round] = iter(rounds)
    made: list[Round] = []

    def visit(*_: object) -> tuple[Visited, ...]:
        made.append(next(results))
        visited = made[-1][0]
        if isinstance(visited, UnreachableError):
            raise visited
        return visited

    monkeypatch.setattr(audit_visits, "visit", visit)
    monkeypatch.setattr(audit_visits.time, "sleep", lambda _: None)
    plan = VisitPlan(link=LINK, pages=[PAGE], trust=trust(None, {}), deadline=Clock(seconds))
    settled = settled_visit(plan, cast("ProxyReader", Reader()), lambda _: made[-1][1], lambda _: None)
    return settled, len(made)


def test_what_is_green_is_believed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settled, made = settle(monkeypatch, [(pages(), edges())])
    assert (settled.is_green, made) == (True, 1)


@pytest.mark.parametrize(
    "first",
    [
        (pages("answered 404"), edges()),
        (pages(), edges(lost=1)),
        (pages(), edges(received=0)),
        (UnreachableError("no answer"), edges()),
    ],
)
def test_what_is_not_is_looked_at_again(monkeypatch: pytest.MonkeyPatch, first: Round) -> None:
    settled, made = settle(monkeypatch, [first, (pages(), edges())])
    assert (settled.is_green, made) == (True, 2)


def test_a_loss_that_stays_is_believed_as_the_last_visit_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    early = [(pages(), edges(carried=0, lost=1))] * 2
    settled, made = settle(monkeypatch, [(pages("404"), edges(0, 0, 0)), *early, *[(pages(), edges(lost=9))] * 9])
    assert settled.edges[1].state is EdgeState.LOST
    assert 3 <= made < 9


def test_a_change_begins_the_wait_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = [(pages(), edges(carried=number % 2, lost=(number + 1) % 2)) for number in range(4)]
    settled, made = settle(monkeypatch, [(pages("late"), visit[1]) for visit in rounds] + [(pages(), edges())])
    assert (settled.is_green, made) == (True, 5)


def test_an_address_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreachableError, match="no answer"):
        settle(monkeypatch, [(UnreachableError("no answer"), edges())] * 20, seconds=10)
