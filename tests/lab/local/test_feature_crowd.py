"""Many features deployed, changed and removed by concurrent processes: no route is lost, other users see no change."""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from boutique.names.feature_names import session_name
from boutique.routing import route_table
from tests.support import online_boutique
from tests.support.lab.developer_machines import DeveloperMachine
from tests.support.lab.lab_stacks import ROOT
from tests.support.lab.shop_environments import BASELINE, HOST, Hop, Shop
from tests.support.lab.work_sizes import Size

pytestmark = pytest.mark.lab

SERVICES = [service.service for service in route_table.services(online_boutique.WORKLOADS)]
ROW = re.compile(r"\| (\S+) → (\S+) \| (\S+) \| (\S+) \|")

Crowd = Mapping[str, Sequence[str]]
"""The services that each feature changes."""


def plan_features(count: int) -> Crowd:
    """Return features that change all services between them: one each, or several if there are fewer features."""
    return {f"many-{number}": SERVICES[number::count] or [SERVICES[number % len(SERVICES)]] for number in range(count)}


@pytest.fixture
def machine(developer_machine: DeveloperMachine, nothing_left: None) -> Iterator[DeveloperMachine]:
    """A machine, for features that are gone in the end, however far the test got."""
    assert nothing_left is None
    yield developer_machine
    developer_machine.run_together(*(delete_feature(name) for name in developer_machine.list_features()))


@dataclass
class Watched:
    """The pages that a user without a session saw.

    Attributes:
        pages: How many pages.
        wrong: What was not the baseline, page by page.
    """

    pages: int = 0
    wrong: list[dict[str, set[str]]] = field(default_factory=list)


@contextmanager
def watch_shop(shop: Shop) -> Iterator[Watched]:
    """Have a user without a session request the shop's page all the time."""
    result, over = Watched(), threading.Event()

    def visit_shop() -> None:
        while not over.is_set():
            seen = shop.versions(Cookie="shop_session-id=nobody")
            result.pages += 1
            if not seen or set().union(*seen.values()) != {BASELINE}:
                result.wrong.append(seen)
            time.sleep(0.1)

    visitor = threading.Thread(target=visit_shop)
    visitor.start()
    try:
        yield result
    finally:
        over.set()
        visitor.join()


def up(name: str, services: Sequence[str], build: int) -> tuple[str, ...]:
    changed = [argument for service in services for argument in ("--service", f"{service}={version(name, build)}")]
    return ("up", name, "--env", "local", *changed, "--session", f"s-{name}")


def delete_feature(name: str) -> tuple[str, ...]:
    return ("down", name, "--env", "local")


def version(name: str, build: int) -> str:
    return f"0.10.7-{name}.{build}"


def routes_by_owner(here: DeveloperMachine) -> dict[str, set[str]]:
    """Return the routes in force, by the stack that owns them."""
    table = json.loads(here.run("routes", "local", "--json").stdout)
    assert table["unread"] == []
    versions: dict[str, set[str]] = {}
    for route in (*table["edge"], *table["mesh"]):
        versions.setdefault(route["owner"], set()).add(route["route"])
    return versions


def expected_routes(features: Crowd) -> dict[str, set[str]]:
    """Return the routes of the environment and of features, by the stack that is to own them."""
    owners = {
        f"local-{name}": {*(f"{service}-{name}" for service in services), f"preview-{name}", session_name(f"s-{name}")}
        for name, services in features.items()
    }
    return {"local": {"edge", *SERVICES}, **owners}


def test_a_crowd_comes_changes_and_goes(machine: DeveloperMachine, size: Size) -> None:
    coming = plan_features(size.features)
    staying = dict(list(coming.items())[: size.features // 2])
    with watch_shop(machine.shop) as watched:
        machine.run_together(*(up(name, services, 1) for name, services in coming.items()))
        assert routes_by_owner(machine) == expected_routes(coming)
        check_reach(machine.shop, coming)
        machine.run_together(
            *(up(name, services, 2) for name, services in staying.items()),
            *(delete_feature(name) for name in coming if name not in staying),
        )
        assert routes_by_owner(machine) == expected_routes(staying)
        builds = {key: feature["services"] for key, feature in machine.list_features().items()}
        assert builds == {
            name: {service: version(name, 2) for service in services} for name, services in staying.items()
        }
        machine.run_together(*(delete_feature(name) for name in staying))
        assert routes_by_owner(machine) == expected_routes({})
    print(f"{watched.pages} pages without a session")
    assert watched.pages > 5 * size.features
    assert not watched.wrong


def check_reach(shop: Shop, features: Crowd) -> None:
    """See a feature of each service reached by cookie and preview host, over the edges that the documentation lists."""
    matrix: dict[tuple[str, str], tuple[str, str]] = {}
    for name, services in features.items():
        # On a preview host a session is only what keeps a cart together.
        preview = shop.journey(f"{name}.{HOST}", Cookie=f"shop_session-id=visitor-{name}")
        session = shop.journey(Cookie=f"shop_session-id=s-{name}")
        for hops in (preview, session):
            assert {hop["version"] for hop in hops if hop["workload"] not in services} - {None} == {BASELINE}
        for service in services:
            assert edges(preview, service, name) == edges(session, service, name), "both ways in lead to the same"
            matrix |= edges(session, service, name)
    rows = [f"| {caller} → {callee} | {' | '.join(cells)} |" for (caller, callee), cells in sorted(matrix.items())]
    print("\n".join(rows))
    documented = {(row[1], row[2]): (row[3], row[4]) for row in ROW.finditer((ROOT / "docs/features.md").read_text())}
    assert documented == matrix
    assert {callee for (_, callee), (_, served) in matrix.items() if served == "yes"} == set(SERVICES)


def edges(hops: Sequence[Hop], service: str, name: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return for each edge to a service whether the key arrived, and whether the feature served it."""
    hops_by_edge: dict[tuple[str, str], list[Hop]] = {}
    for hop in hops:
        if hop["workload"] == service:
            hops_by_edge.setdefault((hop["caller"] or "gateway", service), []).append(hop)
    return {
        edge: (
            summarize_answers({hop["baggage"] == f"feature={name}" for hop in walked}),
            summarize_answers({hop["version"] == version(name, 1) for hop in walked}),
        )
        for edge, walked in hops_by_edge.items()
    }


def summarize_answers(answers: set[bool]) -> str:
    return {(True,): "yes", (False,): "no"}.get(tuple(answers), "sometimes")
