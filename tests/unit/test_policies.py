"""Who may call whom: both renderings allow the calls of any call graph and no others."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boutique.application.application import Application
from boutique.application.workload import Workload
from boutique.mesh import policies
from boutique.mesh.policies import GATEWAY, Caller
from boutique.settings.cluster_dns import ClusterDns
from tests.support import online_boutique

HERE, ELSEWHERE = "shop", "other"
DNS = ClusterDns()
NAMES = ("a", "b", "c", "d", "e")


def workload(name: str, port: int, calls: list[str], first: list[str]) -> dict[str, Any]:
    return {
        "image": f"example/{name}:1",
        "ports": [{"name": "grpc", "port": port + 1, "targetPort": port}],
        "calls": {f"{callee}_ADDR": f"{{{callee}}}" for callee in calls},
        "initContainers": [{"name": "i", "image": "i:1", "calls": {callee: f"{{{callee}}}" for callee in first}}],
    }


@st.composite
def call_graphs(draw: st.DrawFn) -> Application:
    """Draw an application; its entry may be a workload that no other calls."""
    made: dict[str, dict[str, Any]] = {}
    for name in NAMES[: draw(st.integers(min_value=1, max_value=len(NAMES)))]:
        callees = st.lists(st.sampled_from(list(made)), unique=True) if made else st.just([])
        made[name] = workload(name, draw(st.integers(min_value=1, max_value=9)), draw(callees), draw(callees))
    return Application.model_validate({"name": "drawn", "entry": {"workload": list(made)[-1]}, "workloads": made})


def expected_calls(application: Application) -> set[tuple[Caller, str, int]]:
    """Return the allowed calls straight from the workloads."""
    calls = {
        (Caller(name=workload.name, namespace=HERE), callee, application.workloads_by_name[callee].port or 0)
        for workload in application.workloads
        for callee in workload.callees
    }
    entry = application.entry_workload
    return calls | {(GATEWAY, entry.name, entry.port or 0)}


def all_calls(workloads: tuple[Workload, ...]) -> set[tuple[Caller, str, int]]:
    """Return all calls there could be: from here, from a namesake elsewhere, from the gateway, to every port."""
    names = [workload.name for workload in workloads]
    callers = [Caller(name=name, namespace=place) for name in names for place in (HERE, ELSEWHERE)]
    ports = {workload.port for workload in workloads if workload.port} | {1, 15021}
    return set(product([*callers, GATEWAY, Caller(name=GATEWAY.name, namespace=HERE)], names, ports))


def lets_in(specs: Mapping[str, Any], caller: Caller, callee: str, port: int) -> bool:
    """Judge a call as Istio does: once a policy applies to a pod, one of them has to allow the call."""
    identity = f"cluster.local/ns/{caller.namespace}/sa/{caller.name}"
    applying = [spec for spec in specs.values() if spec.get("selector", {}).get("matchLabels", {}) in ({}, app(callee))]
    assert applying
    return any(
        identity in source["source"]["principals"] and str(port) in operation["operation"]["ports"]
        for spec in applying
        for rule in spec.get("rules", [])
        for source in rule["from"]
        for operation in rule["to"]
    )


def lets_through(specs: Mapping[str, Any], caller: Caller, callee: str, port: int) -> bool:
    """Judge a call as the network does: it has to be allowed to leave, if it comes from here, and to arrive."""
    leaves = caller.namespace != HERE or any(
        matches(peer, callee, HERE) and port in numbers(rule)
        for spec in specs.values()
        if spec["podSelector"].get("matchLabels", {}) in ({}, app(caller.name))
        for rule in spec["egress"]
        for peer in rule["to"]
    )
    arrives = any(
        matches(peer, caller.name, caller.namespace) and port in numbers(rule)
        for spec in specs.values()
        if spec["podSelector"].get("matchLabels", {}) in ({}, app(callee))
        for rule in spec["ingress"]
        for peer in rule["from"]
    )
    return leaves and arrives


def matches(peer: Mapping[str, Any], name: str, namespace: str) -> bool:
    place = peer.get("namespaceSelector")
    if place is None:
        near = namespace == HERE
    else:
        near = place.get("matchLabels", {}) in ({}, {"kubernetes.io/metadata.name": namespace})
    return near and peer.get("podSelector", {}).get("matchLabels", {}) in ({}, app(name))


def numbers(rule: Mapping[str, Any]) -> set[int]:
    return {port["port"] for port in rule["ports"]}


def app(name: str) -> dict[str, str]:
    return {"app": name}


@given(call_graphs())
def test_proxies_let_in_exactly_the_calls_of_the_call_graph(drawn: Application) -> None:
    edges = policies.table(drawn)
    specs = policies.authorization(edges, HERE)
    allowed = {call for call in all_calls(drawn.workloads) if lets_in(specs, *call)}
    assert allowed == expected_calls(drawn)


@given(call_graphs())
def test_the_network_lets_through_exactly_the_calls_of_the_call_graph(drawn: Application) -> None:
    specs = policies.network(policies.table(drawn), DNS)
    allowed = {call for call in all_calls(drawn.workloads) if lets_through(specs, *call)}
    assert allowed == expected_calls(drawn)
    assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in specs.values())


def test_a_policy_for_every_pod_refuses_whatever_no_other_allows() -> None:
    edges = policies.table(online_boutique.APPLICATION)
    assert policies.authorization(edges, HERE)["allow-nothing"] == {}
    assert policies.network(edges, DNS)["default-deny"]["podSelector"] == {}


def test_the_table_of_the_shop() -> None:
    edges = policies.table(online_boutique.APPLICATION)
    grpc = [edge for edge in edges if edge.callee not in ("frontend", "redis-cart")]
    assert len(grpc) == 14
    assert {(edge.caller.name, edge.port) for edge in edges if edge.callee == "frontend"} == {
        ("loadgenerator", 8080),
        (GATEWAY.name, 8080),
    }
    # The container's port, which differs from the Service's.
    assert {edge.port for edge in edges if edge.callee == "emailservice"} == {8080}


def egress(dns: ClusterDns) -> list[Any]:
    """Return what every pod may reach, and check that the gateway may ask the same DNS servers."""
    spec = policies.network(policies.table(online_boutique.APPLICATION), dns)["mesh"]
    assert spec["podSelector"] == {}
    rules: list[Any] = spec["egress"]
    gateway = policies.gateway({"shop": online_boutique.ENTRY}, dns)[GATEWAY.name]["egress"]
    assert [rule for rule in gateway if rule in rules] == rules
    return rules


def questions(port: int, *peers: Any) -> Any:
    return {"to": [*peers], "ports": [{"protocol": "UDP", "port": port}, {"protocol": "TCP", "port": port}]}


def space(name: str) -> Any:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def block(cidr: str) -> Any:
    return {"ipBlock": {"cidr": cidr}}


ISTIOD = {
    "to": [{**space("istio-system"), "podSelector": {"matchLabels": {"app": "istiod"}}}],
    "ports": [{"protocol": "TCP", "port": 15012}],
}


def test_every_pod_may_ask_for_names_and_reach_the_control_plane() -> None:
    caches = (
        "169.254.0.0/16",
        "10.96.0.10/32",
        "10.43.0.10/32",
        "10.100.0.10/32",
        "172.20.0.10/32",
        "34.118.224.10/32",
    )
    assert egress(ClusterDns()) == [
        questions(53, space("kube-system"), *map(block, caches)),
        questions(5353, space("openshift-dns")),
        ISTIOD,
    ]


@pytest.mark.parametrize("resolver", ["169.254.20.10", "169.254.169.253", "169.254.169.254"])
def test_the_resolvers_of_nodes_may_be_asked(resolver: str) -> None:
    [rule] = [rule for rule in egress(ClusterDns()) if block("169.254.0.0/16") in rule["to"]]
    assert ip_address(resolver) in ip_network("169.254.0.0/16")
    assert {port["port"] for port in rule["ports"]} == {53}, "not the metadata of AWS and Google Cloud, on port 80"


def test_other_servers_replace_the_usual_ones() -> None:
    dns = ClusterDns.model_validate(
        {"servers": {"dns": 53, "coredns": 1053}, "addresses": ["169.254.20.10", "fd00:90::/64"]}
    )
    assert egress(dns) == [
        questions(53, space("dns"), block("169.254.20.10/32"), block("fd00:90::/64")),
        questions(1053, space("coredns")),
        ISTIOD,
    ]
    assert egress(ClusterDns(addresses=()))[0] == questions(53, space("kube-system"))
