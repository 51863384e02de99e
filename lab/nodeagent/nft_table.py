"""Rules for new TCP connections in the current network namespace, over netlink: no iptables, no root."""

import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyroute2.nftables.expressions import genex, ipv4addr
from pyroute2.nftables.main import NFTables

PROXY_MARK = 1337
"""The mark of the connections that Istio's proxy opens; on a cluster, Istio knows them by the user 1337."""

Table = Literal["discovery", "services"]
"""The tables whose rules change while a pod runs."""


_CHAINS: dict[Literal["in", "out"], str] = {"in": "prerouting", "out": "output"}

# linux/netfilter/nf_tables.h
_L4PROTO, _MARK, _OUT_NAME = 16, 3, 7
_TRANSPORT_HEADER, _DESTINATION_PORT, _DNAT, _ACCEPT, _IPV4, _RANDOM = 2, 2, 1, 1, 2, 1
_LONGEST_NAME = 16


@dataclass(frozen=True)
class RedirectionRule:
    """A rule for new TCP connections.

    Attributes:
        chain: Whether those that arrive or those that leave are meant.
        address: The address or range they go to; any if empty.
        port: The port they go to; any if 0.
        to_port: The port of the pod's own that gets them instead; 0 leaves them alone.
        to_address: The address that gets them instead, if not the pod's own.
        source: The address they come from; any if empty.
        loopback: Whether only those are meant that do not leave the pod.
        from_proxy: Whether only those of the proxy are meant.
        one_in: How many of them the rule applies to, at random: one in so many; 0 means all.
    """

    chain: Literal["in", "out"]
    address: str = ""
    port: int = 0
    to_port: int = 0
    to_address: str = ""
    source: str = ""
    loopback: bool = False
    from_proxy: bool = False
    one_in: int = 0


def exchange(table: Table, turn: int, rules: Sequence[RedirectionRule]) -> None:
    """Make these the only rules of a table of the current network namespace; until then the old ones count.

    Args:
        table: The table.
        turn: 0 or 1, and not that of the last time: the old rules go when the new ones are there.
        rules: The rules.
    """
    apply(f"{table}-{turn}", rules)
    with NFTables(nfgen_family=_IPV4) as tables:
        # Only what exists can be deleted, and to add what exists is no error.
        tables.table("add", name=f"{table}-{1 - turn}")
        tables.table("del", name=f"{table}-{1 - turn}")


def apply(table: str, rules: Sequence[RedirectionRule]) -> None:
    """Make these the only rules of a table of the current network namespace; the first that fits wins.

    This is no transaction: in between the old rules are gone and the new ones not there yet.
    """
    with NFTables(nfgen_family=_IPV4) as tables:
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
        expressions += ipv4addr(dst=_range(rule.address))
    if rule.source:
        expressions += ipv4addr(src=_range(rule.source))
    expressions += [_meta(_L4PROTO), _equals(bytes([socket.IPPROTO_TCP]))]
    if rule.loopback:
        expressions += [_meta(_OUT_NAME), _equals(b"lo".ljust(_LONGEST_NAME, b"\0"))]
    if rule.from_proxy:
        expressions += [_meta(_MARK), _equals(PROXY_MARK.to_bytes(4, sys.byteorder))]
    if rule.port:
        load = {"DREG": 1, "BASE": _TRANSPORT_HEADER, "OFFSET": _DESTINATION_PORT, "LEN": 2}
        expressions += [genex("payload", load), _equals(_port(rule.port))]
    if rule.one_in > 1:
        expressions += [_random(rule.one_in), _equals(bytes(4))]
    return (*expressions, *_verdict(rule))


def _verdict(rule: RedirectionRule) -> tuple[Any, ...]:
    if rule.to_address:
        return (
            _load(1, socket.inet_aton(rule.to_address)),
            _load(2, _port(rule.to_port)),
            genex("nat", {"TYPE": _DNAT, "FAMILY": _IPV4, "REG_ADDR_MIN": 1, "REG_PROTO_MIN": 2}),
        )
    if rule.to_port:
        return _load(1, _port(rule.to_port)), genex("redir", {"REG_PROTO_MIN": 1})
    verdict = {"attrs": [("NFTA_DATA_VERDICT", {"attrs": [("NFTA_VERDICT_CODE", _ACCEPT)]})]}
    return (genex("immediate", {"DREG": 0, "DATA": verdict}),)


def _range(address: str) -> str:
    return address if "/" in address else f"{address}/32"


def _meta(key: int) -> Any:  # noqa: ANN401 - pyroute2 has no types
    return genex("meta", {"KEY": key, "DREG": 1})


def _random(count: int) -> Any:  # noqa: ANN401 - pyroute2 has no types
    settings = [("NFTA_NG_DREG", 1), ("NFTA_NG_MODULUS", count), ("NFTA_NG_TYPE", _RANDOM), ("NFTA_NG_OFFSET", 0)]
    return {"attrs": [("NFTA_EXPR_NAME", "numgen"), ("NFTA_EXPR_DATA", {"attrs": settings})]}


def _equals(value: bytes) -> Any:  # noqa: ANN401 - pyroute2 has no types
    return genex("cmp", {"SREG": 1, "OP": 0, "DATA": _value(value)})


def _load(register: int, value: bytes) -> Any:  # noqa: ANN401 - pyroute2 has no types
    return genex("immediate", {"DREG": register, "DATA": _value(value)})


def _value(value: bytes) -> dict[str, Any]:
    return {"attrs": [("NFTA_DATA_VALUE", value)]}


def _port(number: int) -> bytes:
    return struct.pack(">H", number)
