"""Which calls carried the key of an audit, from what the feature's pods received and sent."""

from collections.abc import Mapping, Sequence

import pytest

from boutique.application.workload import Workload
from ops.audit.call_edges import CallEdge, EdgeState, audited_workloads, call_edges
from ops.audit.proxy_counters import WorkloadRequests
from tests.support import online_boutique

KEY = "audit-1"
RUNNING = [workload.name for workload in online_boutique.WORKLOADS]
WORKLOADS = audited_workloads(online_boutique.WORKLOADS, dict.fromkeys(RUNNING))


def edges(
    requests: Mapping[str, WorkloadRequests], workloads: Sequence[Workload] = WORKLOADS
) -> dict[tuple[str | None, str], CallEdge]:
    return {(edge.caller, edge.callee): edge for edge in call_edges(workloads, "frontend", KEY, requests)}


def requests(received: int = 0, **sent: int) -> WorkloadRequests:
    return WorkloadRequests(received=received, sent={name.replace("_", "-"): count for name, count in sent.items()})


def test_the_edges_are_those_of_the_call_graph_between_services_that_routes_can_tell_apart() -> None:
    table = edges({})
    assert len(table) == 15
    assert next(iter(table)) == (None, "frontend")
    assert {edge.state for edge in table.values()} == {EdgeState.NOT_EXERCISED}
    assert not {"redis-cart", "loadgenerator"} & {name for pair in table for name in pair}


def test_what_the_environment_does_not_run_is_not_audited() -> None:
    audited = audited_workloads(online_boutique.WORKLOADS, dict.fromkeys(set(RUNNING) - {"adservice"}))
    assert ("frontend", "adservice") not in edges({}, audited)
    assert len(edges({}, audited)) == 14


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ({"adservice_audit_1": 2}, EdgeState.CARRIED),
        ({"adservice": 2}, EdgeState.LOST),
        ({"adservice": 1, "adservice_audit_1": 5}, EdgeState.LOST),
        ({"adservice_audit_2": 2, "cartservice": 1}, EdgeState.NOT_EXERCISED),
        ({}, EdgeState.NOT_EXERCISED),
    ],
)
def test_a_call_is_lost_as_soon_as_one_reaches_the_environment(sent: dict[str, int], state: EdgeState) -> None:
    edge = edges({"frontend": requests(3, **sent)})["frontend", "adservice"]
    assert edge.state is state
    assert (edge.carried, edge.lost) == (sent.get("adservice_audit_1", 0), sent.get("adservice", 0))


def test_the_gateway_reached_the_feature_if_its_entry_received_or_sent_anything() -> None:
    gateway = (None, "frontend")
    assert edges({"frontend": requests(4)})[gateway].carried == 4
    assert edges({"frontend": requests(adservice=1)})[gateway].state is EdgeState.CARRIED
    assert edges({"frontend": requests()})[gateway].state is EdgeState.NOT_EXERCISED


def test_a_caller_is_reached_if_a_call_carried_the_key_to_it() -> None:
    table = edges({"frontend": requests(1, checkoutservice=1, recommendationservice_audit_1=1)})
    assert table["frontend", "adservice"].is_caller_reached
    assert table["recommendationservice", "productcatalogservice"].is_caller_reached
    assert not table["checkoutservice", "cartservice"].is_caller_reached


def test_a_call_that_the_application_does_not_know_is_seen() -> None:
    table = edges({"adservice": requests(1, currencyservice=2)})
    edge = table["adservice", "currencyservice"]
    assert (edge.state, edge.lost, edge.is_declared) == (EdgeState.LOST, 2, False)
    assert all(other.is_declared for other in table.values() if other is not edge)


def test_the_application_says_where_calls_lose_the_key() -> None:
    lossy_edges = {pair for pair, edge in edges({}).items() if edge.is_known_to_lose}
    assert lossy_edges == {("checkoutservice", "currencyservice")}
