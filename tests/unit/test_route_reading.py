"""What is read back from the objects of either routing API is what was written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from traffic import ENVIRONMENT, GATEWAY, session_ids, tables

from boutique import httproutes, patterns, virtualservices
from boutique.oracle import Call, Request, backend
from boutique.routereading import in_force
from boutique.routetable import table
from boutique.routing import Feature, Table


def objects(specs: Any, owners: dict[str, str]) -> list[dict[str, Any]]:
    """Return objects as the API server has them, in the order of their making."""
    return [
        {
            "metadata": {
                "name": name,
                "creationTimestamp": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
                "annotations": {"boutique.dev/owner": owners.get(name, "dev")},
            },
            "spec": spec,
        }
        for number, (name, spec) in enumerate(specs.items())
    ]


def owners(of: Table) -> dict[str, str]:
    return {each.name: each.owner for each in (*of.edge, *of.mesh)}


@given(tables)
def test_httproutes_say_the_whole_table(of: Table) -> None:
    edge, mesh = (objects(specs, owners(of)) for specs in (httproutes.edge(of, GATEWAY), httproutes.mesh(of)))
    found = in_force([*edge, *mesh], [])
    assert not found.unread
    assert found.table == Table(edge=tuple(replace(each, preview=False) for each in of.edge), mesh=of.mesh)


@given(tables)
def test_virtual_services_say_who_serves_whom(of: Table) -> None:
    # One stack writes all of them, so it owns every route in them.
    specs = {**virtualservices.mesh(of), **virtualservices.edge(of, GATEWAY)}
    found = in_force([], objects(specs, {}))
    assert not found.unread
    for each in of.edge:
        asked: list[tuple[str, str]] = []
        if each.cookie:
            asked.append(("cookie", f"{each.cookie.name}={each.cookie.value}"))
        if each.header:
            asked.append((each.header.name, each.header.value))
        request = Request(host=each.host, headers=tuple(asked))
        said, wanted = backend(found.table, request), backend(of, request)
        assert said is not None
        assert wanted is not None
        assert (said.backend, said.baggage) == (wanted.backend, wanted.baggage)
    for inside in of.mesh:
        call = Call(service=inside.service, headers=(("baggage", f"feature={inside.feature}"),))
        said, wanted = backend(found.table, call), backend(of, call)
        assert said is not None
        assert wanted is not None
        assert said.backend == wanted.backend


@given(session_ids)
def test_a_pattern_gives_its_cookie_back(session: str) -> None:
    assert patterns.cookie_of(patterns.cookie("shop_session-id", session)) == ("shop_session-id", session)
    assert patterns.baggage_of(patterns.baggage("feature", session)) == ("feature", session)


@pytest.mark.parametrize("pattern", ["", ".*", "shop_session-id=abc", ".*feature=abc.*", "(?:.*[;,])?[ \\t]*a=(?:b|c)"])
def test_a_pattern_of_somebody_else_is_not_taken_for_ours(pattern: str) -> None:
    assert patterns.cookie_of(pattern) is None
    assert patterns.baggage_of(pattern) is None


def changed(**changes: Any) -> dict[str, Any]:
    """Return the edge's route of an environment with something else in its rule."""
    of = table(ENVIRONMENT, [Feature(stack="dev-a", key="a", services=("ads",))])
    [route] = objects({"edge": httproutes.edge(of, GATEWAY)["edge"]}, {})
    [rule] = route["spec"]["rules"]
    return {**route, "spec": {**route["spec"], "rules": [{**rule, **changes}]}}


def header(kind: str, name: str, value: str) -> dict[str, Any]:
    return {"headers": [{"type": kind, "name": name, "value": value}]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"matches": [{"path": {"type": "PathPrefix", "value": "/cart"}}]}, "matches paths"),
        (
            {"matches": [header("RegularExpression", "cookie", ".*abc.*")]},
            "asks for the header cookie by another pattern",
        ),
        ({"matches": [header("Exact", "a", "b"), header("Exact", "c", "d")]}, "has another form"),
        ({"filters": []}, "lets the header baggage in from outside"),
        ({"backendRefs": []}, "has another form"),
    ],
)
def test_a_route_that_says_more_is_named_with_its_owner_and_left_out(changes: dict[str, Any], said: str) -> None:
    found = in_force([changed(**changes)], [])
    assert found.table == Table()
    [line] = found.unread
    assert line.startswith("HTTPRoute edge of dev: ")
    assert said in line
