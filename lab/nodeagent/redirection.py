"""The redirection of a pod's traffic, as istio-init makes it, over netlink: no iptables, no root.

Istio excludes its proxy by its user. Here only Service addresses are captured on the way out, which the proxy itself
never dials, so no second user is needed.
"""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyroute2.nftables.expressions import genex, ipv4addr
from pyroute2.nftables.main import NFTables

from lab.kubernetes.controlplane import API_PORT
from lab.nodeagent.commands import ISTIOD_PORT
from lab.supervision import network

_OUTBOUND = 15001
_INBOUND = 15006
_CHAINS: dict[Literal["in", "out"], str] = {"in": "prerouting", "out": "output"}

# linux/netfilter/nf_tables.h
_L4PROTO, _TRANSPORT_HEADER, _DESTINATION_PORT, _DNAT, _ACCEPT, _IPV4 = 16, 2, 2, 1, 1, 2


@dataclass(frozen=True)
class RedirectionRule:
    """A rule for new TCP connections.

    Attributes:
        chain: Whether those that arrive or those that leave are meant.
        address: The address or range they go to; any if empty.
        port: The port they go to; any if 0.
        to_port: The port of the pod's own that gets them instead; 0 leaves them alone.
        to_address: The address that gets them instead, if not the pod's own.
    """

    chain: Literal["in", "out"]
    address: str = ""
    port: int = 0
    to_port: int = 0
    to_address: str = ""


def capture(uncaptured: Sequence[int] | None) -> tuple[RedirectionRule, ...]:
    """Return the rules that stay the same for a pod's whole life; the first that fits wins.

    Args:
        uncaptured: The inbound ports that bypass the proxy; nothing if the pod's traffic is not redirected.
    """
    rules = [RedirectionRule("out", network.KUBERNETES_SERVICE, 443, API_PORT, network.LAB_ADDRESS)]
    if uncaptured is not None:
        rules.append(RedirectionRule("out", network.SERVICES, to_port=_OUTBOUND))
        rules += [RedirectionRule("in", port=port) for port in uncaptured]
        rules.append(RedirectionRule("in", to_port=_INBOUND))
    return tuple(rules)


def discovery(istiod: str) -> tuple[RedirectionRule, ...]:
    """Return the rules that lead to istiod; empty without an istiod, so that connections to it are refused."""
    return (RedirectionRule("out", network.LAB_ADDRESS, ISTIOD_PORT, ISTIOD_PORT, istiod),) if istiod else ()


def apply(table: Literal["capture", "discovery"], rules: Sequence[RedirectionRule]) -> None:
    """Make these the only rules of a table of the current network namespace.

    This is no transaction: in between the old rules are gone and the new ones not there yet.
    """
    with NFTables(nfgen_family=_IPV4) as tables:
        # Only what exists can be deleted, and to add what exists is no error.
        tables.table("add", name=table)
        tables.table("del", name=table)
        tables.table("add", name=table)
        for chain in sorted({rule.chain for rule in rules}):
            hook = _CHAINS[chain]
            tables.chain("add", table=table, name=chain, hook=hook, type="nat", priority=-100, policy=_ACCEPT)
        for rule in rules:
            tables.rule("add", table=table, chain=rule.chain, expressions=(_expressions(rule),))


def _expressions(rule: RedirectionRule) -> tuple[Any, ...]:
    expressions: list[Any] = []
    if rule.address:
        address = rule.address if "/" in rule.address else f"{rule.address}/32"
        expressions += ipv4addr(dst=address)
    expressions += [genex("meta", {"KEY": _L4PROTO, "DREG": 1}), _equals(bytes([socket.IPPROTO_TCP]))]
    if rule.port:
        load = {"DREG": 1, "BASE": _TRANSPORT_HEADER, "OFFSET": _DESTINATION_PORT, "LEN": 2}
        expressions += [genex("payload", load), _equals(_port(rule.port))]
    if rule.to_address:
        expressions += [_load(1, socket.inet_aton(rule.to_address)), _load(2, _port(rule.to_port))]
        expressions.append(genex("nat", {"TYPE": _DNAT, "FAMILY": _IPV4, "REG_ADDR_MIN": 1, "REG_PROTO_MIN": 2}))
    elif rule.to_port:
        expressions += [_load(1, _port(rule.to_port)), genex("redir", {"REG_PROTO_MIN": 1})]
    else:
        verdict = {"attrs": [("NFTA_DATA_VERDICT", {"attrs": [("NFTA_VERDICT_CODE", _ACCEPT)]})]}
        expressions.append(genex("immediate", {"DREG": 0, "DATA": verdict}))
    return tuple(expressions)


def _equals(value: bytes) -> Any:  # noqa: ANN401 - pyroute2 has no types
    return genex("cmp", {"SREG": 1, "OP": 0, "DATA": _value(value)})


def _load(register: int, value: bytes) -> Any:  # noqa: ANN401 - pyroute2 has no types
    return genex("immediate", {"DREG": register, "DATA": _value(value)})


def _value(value: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", value)]}


def _port(number: int) -> bytes:
    return struct.pack(">H", number)
