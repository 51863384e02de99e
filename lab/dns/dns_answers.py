"""Answers the questions of DNS out of a cluster's records."""

import ipaddress
import re

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from lab.dns.cluster_records import DOMAIN, ClusterRecords

_LIFE = 5
"""Seconds that an answer may be kept, as with CoreDNS: Services come and go."""

_LARGEST_DATAGRAM = 1232
"""Bytes: https://www.dnsflagday.net/2020/"""

_SMALLEST_LIMIT = 512
_REVERSE = "in-addr.arpa"
_POD = re.compile(rf"(\d+)-(\d+)-(\d+)-(\d+)\.[a-z0-9-]+\.pod\.{re.escape(DOMAIN)}")
_LONGEST_CHAIN = 8


def answer_query(content: bytes, records: ClusterRecords, *, datagram: bool) -> bytes | None:
    """Return the answer to a message; None if the message is no question.

    Args:
        content: The message.
        records: The cluster's records.
        datagram: Whether the answer has to fit into a datagram: it is cut if it does not, and the client asks by TCP.
    """
    try:
        query = dns.message.from_wire(content)
        answer = dns.message.make_response(query, recursion_available=True)
    except (dns.exception.DNSException, ValueError):
        return None
    if len(query.question) != 1 or query.question[0].rdclass != dns.rdataclass.IN:
        answer.set_rcode(dns.rcode.NOTIMP)
        return answer.to_wire()
    _fill(answer, query.question[0], records)
    if not datagram:
        return answer.to_wire(max_size=65535)
    limit = max(_SMALLEST_LIMIT, min(query.payload or _SMALLEST_LIMIT, _LARGEST_DATAGRAM))
    try:
        return answer.to_wire(max_size=limit)
    except dns.exception.TooBig:
        cut = dns.message.make_response(query, recursion_available=True)
        cut.flags |= dns.flags.TC
        return cut.to_wire()


def _fill(answer: dns.message.Message, question: dns.rrset.RRset, records: ClusterRecords) -> None:
    kind, name = question.rdtype, _text(question.name)
    if not _is_ours(name):
        # The lab's network leads nowhere, so there is no such host. Of SERVFAIL programs think that it may pass, and
        # many ask again and again.
        answer.set_rcode(dns.rcode.NXDOMAIN)
        _add(answer.authority, "", dns.rdatatype.SOA, [_authority("")])
        return
    answer.flags |= dns.flags.AA
    for _ in range(_LONGEST_CHAIN):
        target = records.aliases.get(name)
        if target is None or kind == dns.rdatatype.CNAME:
            break
        _add(answer.answer, name, dns.rdatatype.CNAME, [f"{target}."])
        name = target
    values = _values(kind, name, records)
    if values:
        _add(answer.answer, name, kind, values)
        if kind == dns.rdatatype.SRV:
            for target in sorted({location.target for location in records.locations[name]}):
                _add(answer.additional, target, dns.rdatatype.A, records.addresses.get(target, []))
        return
    if not _exists(name, records):
        # Also of the last name in a chain: RFC 6604.
        answer.set_rcode(dns.rcode.NXDOMAIN)
    if not answer.answer:
        _add(answer.authority, DOMAIN, dns.rdatatype.SOA, [_authority(DOMAIN)])


def _authority(zone: str) -> str:
    suffix = f".{zone}" if zone else ""
    return f"ns.dns{suffix}. hostmaster{suffix}. 1 7200 1800 86400 {_LIFE}"


def _values(kind: dns.rdatatype.RdataType, name: str, records: ClusterRecords) -> list[str]:
    if kind == dns.rdatatype.A:
        return records.addresses.get(name) or _pod_address(name)
    if kind == dns.rdatatype.CNAME and name in records.aliases:
        return [f"{records.aliases[name]}."]
    if kind == dns.rdatatype.SRV:
        locations = records.locations.get(name, [])
        return [f"0 {max(1, 100 // len(locations))} {location.port} {location.target}." for location in locations]
    if kind == dns.rdatatype.PTR:
        return [f"{host}." for host in records.names.get(_reversed(name), [])]
    return []


def _exists(name: str, records: ClusterRecords) -> bool:
    return records.has(name) or bool(_pod_address(name)) or _reversed(name) in records.names


def _is_ours(name: str) -> bool:
    return name == DOMAIN or name.endswith((f".{DOMAIN}", f".{_REVERSE}"))


def _pod_address(name: str) -> list[str]:
    """Return the address in the name of a pod, such as `10-244-0-7.shop.pod.cluster.local`."""
    match = _POD.fullmatch(name)
    try:
        return [str(ipaddress.IPv4Address(".".join(match.groups())))] if match else []
    except ValueError:
        return []


def _reversed(name: str) -> str:
    """Return the address that a name for a reverse lookup means; empty if it means none."""
    return ".".join(reversed(name.removesuffix(f".{_REVERSE}").split("."))) if name.endswith(_REVERSE) else ""


def _add(section: list[dns.rrset.RRset], name: str, kind: dns.rdatatype.RdataType, values: list[str]) -> None:
    if values:
        section.append(dns.rrset.from_text_list(f"{name}.", _LIFE, "IN", kind, values))


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
