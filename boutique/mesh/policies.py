"""Who may call whom: one table out of an application's call graph, and its two renderings.

An AuthorizationPolicy is enforced by the callee's proxy and knows callers by their certificate; a NetworkPolicy is
enforced by the cluster's network and knows them by their labels. Whatever the table does not hold, both refuse.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from boutique.application.application import Application
from boutique.application.call_graph import called_service_ports
from boutique.application.workload import Workload
from boutique.mesh.istio import ISTIOD_LABELS, NAMESPACE, TRUST_DOMAIN
from boutique.settings.cluster_dns import ClusterDns

Spec = dict[str, Any]

_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_DNS_PORT = 53
_ISTIOD_PORT = 15012
_METRICS_PORTS = (15020, 15090)
_GATEWAY_PORTS = (80, 443, 15021)
"""Where a gateway serves: HTTP, HTTPS and, for load balancers, how it is."""


@dataclass(frozen=True, kw_only=True, order=True)
class Caller:
    """Pods with one label `app`, which run under the ServiceAccount of the same name.

    Attributes:
        name: Both of them.
        namespace: Empty for the namespace of the callee.
    """

    name: str
    namespace: str = ""


@dataclass(frozen=True, kw_only=True, order=True)
class Edge:
    """A caller, a workload that it may call, and the port that the workload's container listens on."""

    caller: Caller
    callee: str
    port: int
    protocol: str = "TCP"


GATEWAY = Caller(name="istio-ingressgateway", namespace="istio-ingress")
"""Who brings in the requests of people."""


def table(application: Application) -> tuple[Edge, ...]:
    """Return every call that is allowed: the call graph's, and the gateway's to the workload that people reach."""
    edges = {
        Edge(caller=Caller(name=caller.name), callee=callee.name, port=port.container_port, protocol=port.protocol)
        for caller, callee in application.edges
        for port in called_service_ports(caller, callee)
    }
    entry = application.entry_workload
    edges.add(Edge(caller=GATEWAY, callee=entry.name, port=_entry_port(entry)))
    return tuple(sorted(edges))


def authorization(edges: Iterable[Edge], namespace: str) -> Mapping[str, Spec]:
    """Return the AuthorizationPolicies of a namespace by name: nothing is allowed but what a callee's own one allows.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/
    """
    rules: dict[str, list[Spec]] = defaultdict(list)
    # Istio's proxies carry TCP only.
    for (callee, port, _), callers in _by_callee(edge for edge in edges if edge.protocol == "TCP").items():
        rules[callee].append(
            {
                "from": [{"source": {"principals": [_principal(caller, namespace) for caller in callers]}}],
                "to": [{"operation": {"ports": [str(port)]}}],
            }
        )
    return {
        "allow-nothing": {},
        **{
            callee: {"selector": {"matchLabels": {"app": callee}}, "action": "ALLOW", "rules": callee_rules}
            for callee, callee_rules in rules.items()
        },
    }


def network(edges: Iterable[Edge], dns: ClusterDns) -> Mapping[str, Spec]:
    """Return the NetworkPolicies of a namespace by name: one for all pods, and one for each side of every edge.

    https://kubernetes.io/docs/concepts/services-networking/network-policies/

    Args:
        edges: Every call that is allowed.
        dns: Who answers the pods' DNS questions.
    """
    edges = tuple(edges)
    rules: dict[str, Spec] = defaultdict(lambda: {"ingress": [], "egress": []})
    for (callee, port, protocol), callers in _by_callee(edges).items():
        rules[callee]["ingress"].append(
            {"from": [_peer(caller) for caller in callers], "ports": [_port(port, protocol)]}
        )
    for edge in edges:
        if not edge.caller.namespace:
            rules[edge.caller.name]["egress"].append(
                {"to": [_pods(edge.callee)], "ports": [_port(edge.port, edge.protocol)]}
            )
    return {
        "default-deny": _policy({}, [], []),
        "mesh": _policy({}, [_scraping()], [*_questions(dns), _istiod()]),
        **{
            name: _policy({"matchLabels": {"app": name}}, rule["ingress"], rule["egress"])
            for name, rule in sorted(rules.items())
        },
    }


def gateway(entries: Mapping[str, Workload], dns: ClusterDns) -> Mapping[str, Spec]:
    """Return the NetworkPolicies of the gateway's namespace by name.

    Args:
        entries: The workload that people reach, by the namespace where it runs.
        dns: Who answers the gateway's DNS questions.
    """
    come_in = [{"ports": [_port(number) for number in (*_GATEWAY_PORTS, *_METRICS_PORTS)]}]
    by_pods: dict[tuple[str, int], list[str]] = defaultdict(list)
    for namespace, entry in entries.items():
        by_pods[entry.name, _entry_port(entry)].append(namespace)
    to_entries = [
        {"to": [{**_namespace(name), **_pods(pods)} for name in namespaces], "ports": [_port(port)]}
        for (pods, port), namespaces in by_pods.items()
    ]
    return {
        "default-deny": _policy({}, [], []),
        GATEWAY.name: _policy(
            {"matchLabels": {"app": GATEWAY.name}}, come_in, [*_questions(dns), _istiod(), *to_entries]
        ),
    }


def _entry_port(entry: Workload) -> int:
    """Return the container's port that people's requests go to."""
    return next(port.container_port for port in entry.service_ports if port.port in entry.ports_with_headers)


def _by_callee(edges: Iterable[Edge]) -> Mapping[tuple[str, int, str], list[Caller]]:
    callers_by_port = defaultdict(list)
    for edge in sorted(edges):
        callers_by_port[edge.callee, edge.port, edge.protocol].append(edge.caller)
    return dict(sorted(callers_by_port.items()))


def _principal(caller: Caller, namespace: str) -> str:
    return f"{TRUST_DOMAIN}/ns/{caller.namespace or namespace}/sa/{caller.name}"


def _policy(pods: Spec, ingress: list[Spec], egress: list[Spec]) -> Spec:
    # Both types are named, so that a policy without rules for one of them still refuses it.
    return {"podSelector": pods, "policyTypes": ["Ingress", "Egress"], "ingress": ingress, "egress": egress}


def _peer(caller: Caller) -> Spec:
    return {**_pods(caller.name), **(_namespace(caller.namespace) if caller.namespace else {})}


def _pods(app: str) -> Spec:
    return {"podSelector": {"matchLabels": {"app": app}}}


def _namespace(name: str) -> Spec:
    return {"namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: name}}}


def _port(number: int, protocol: str = "TCP") -> Spec:
    return {"protocol": protocol, "port": number}


def _questions(dns: ClusterDns) -> list[Spec]:
    """Return the rules for DNS questions, by UDP and, for long answers, by TCP."""
    peers: dict[int, list[Spec]] = defaultdict(list)
    for namespace, port in dns.servers.items():
        peers[port].append(_namespace(namespace))
    # Pods of the node's own network have its address, which no selector matches.
    for address in dns.addresses:
        peers[_DNS_PORT].append({"ipBlock": {"cidr": address}})
    return [
        {"to": to, "ports": [_port(port, protocol) for protocol in ("UDP", "TCP")]}
        for port, to in sorted(peers.items())
    ]


def _istiod() -> Spec:
    istiod = {**_namespace(NAMESPACE), "podSelector": {"matchLabels": ISTIOD_LABELS}}
    return {"to": [istiod], "ports": [_port(_ISTIOD_PORT)]}


def _scraping() -> Spec:
    # Metrics, for collectors of any namespace. The node's own probes are never subject to policies.
    return {"from": [{"namespaceSelector": {}}], "ports": [_port(number) for number in _METRICS_PORTS]}
