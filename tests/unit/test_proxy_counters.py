"""The requests that Envoy counts, read from its page of clusters."""

import json
from typing import Any

import pytest

from ops.audit.proxy_counters import CountersError, parse_totals, requests_between, workload_requests

RATES = "outbound|7000||currencyservice.local.svc.cluster.local"
FEATURE = "outbound|7000||currencyservice-audit-1.local.svc.cluster.local"


def host(address: str, requests: int | None) -> dict[str, Any]:
    """Return an endpoint as Envoy 1.39 shows it: the value of a counter that is 0 is missing."""
    total = {"name": "rq_total"} if requests is None else {"value": str(requests), "name": "rq_total"}
    return {
        "address": {"socket_address": {"address": address, "port_value": 7000}},
        "stats": [{"name": "cx_connect_fail"}, {"value": "9", "name": "cx_total"}, total, {"type": "GAUGE"}],
        "health_status": {"eds_health_status": "HEALTHY"},
        "weight": 1,
    }


def page(**clusters: list[dict[str, Any]]) -> str:
    statuses = [
        {"name": name, **({"host_statuses": hosts} if hosts else {}), "observability_name": name}
        for name, hosts in clusters.items()
    ]
    return json.dumps({"cluster_statuses": statuses})


def test_requests_are_counted_for_each_endpoint_of_each_cluster() -> None:
    pipe = {"address": {"pipe": {"path": "./etc/XDS"}}, "stats": [{"value": "1", "name": "rq_total"}]}
    totals = parse_totals(
        page(**{RATES: [host("10.0.0.1", 3), host("10.0.0.2", None)], "xds": [pipe], "inbound|80||": []})
    )
    assert sorted(totals.values()) == [0, 1, 3]
    assert {cluster for cluster, _ in totals} == {RATES, "xds"}


def test_the_difference_of_two_pages_is_what_was_sent_between_them() -> None:
    before = parse_totals(
        page(**{RATES: [host("10.0.0.1", 3), host("10.0.0.2", 7)], FEATURE: [host("10.0.0.3", None)]})
    )
    after = parse_totals(
        page(**{RATES: [host("10.0.0.1", 5), host("10.0.0.2", 1), host("10.0.0.9", 4)], FEATURE: [host("10.0.0.3", 2)]})
    )
    assert requests_between(before, after) == {RATES: 2 + 0 + 4, FEATURE: 2}


def test_a_workload_has_what_its_pods_received_and_sent_to_services_of_its_namespace() -> None:
    counters = {RATES: 2, FEATURE: 1, "inbound|5050||": 4, "agent": 3, "outbound|443||api.other.svc.cluster.local": 5}
    other = {RATES: 1, "inbound|5050||": 1, "outbound|80||www.example.com": 8, FEATURE: 0, "BlackHoleCluster": 6}
    requests = workload_requests([counters, other], "local")
    assert requests.received == 5
    assert requests.sent == {"currencyservice": 3, "currencyservice-audit-1": 1}
    assert workload_requests([other], "local").sent == {"currencyservice": 1}, "what was not called is not listed"


@pytest.mark.parametrize("text", ["", "upstream connect error", "[]", "{}", '{"cluster_statuses": [5]}', "null"])
def test_another_page_is_an_error(text: str) -> None:
    with pytest.raises(CountersError, match="not Envoy's list of clusters"):
        parse_totals(text)
