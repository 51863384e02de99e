"""The cluster's DNS answers as the specification for Kubernetes says."""

from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from lab.dns.cluster_records import build_records
from lab.dns.dns_answers import answer_query


def service(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def endpoint_slice(name: str, *endpoints: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": [{"name": "grpc", "port": 9555, "protocol": "TCP"}],
    }


RECORDS = build_records(
    [
        service(
            "ads",
            clusterIP="10.96.0.7",
            ports=[{"name": "http", "port": 80}, {"name": "udp", "port": 53, "protocol": "UDP"}],
        ),
        service("store", clusterIP="None", ports=[{"name": "grpc", "port": 9555}]),
        service("many", clusterIP="None"),
        service("outside", type="ExternalName", externalName="Example.com."),
        service("inside", type="ExternalName", externalName="ads.shop.svc.cluster.local"),
        service("loop", type="ExternalName", externalName="loop.shop.svc.cluster.local"),
        service("pending", ports=[]),
    ],
    [
        endpoint_slice(
            "store",
            {"addresses": ["10.244.0.1"], "hostname": "store-0", "conditions": {"ready": True}},
            {"addresses": ["10.244.0.2"], "conditions": {}},
            {"addresses": ["10.244.0.3"], "conditions": {"ready": False}},
        ),
        endpoint_slice("many", *({"addresses": [f"10.244.{i}.{j}"]} for i in range(4) for j in range(50))),
    ],
)  # fmt: skip


def ask(name: str, kind: str = "A", *, datagram: bool = True) -> dns.message.Message:
    answer = answer_query(dns.message.make_query(name, kind).to_wire(), RECORDS, datagram=datagram)
    assert answer is not None
    return dns.message.from_wire(answer)


def values(name: str, kind: str = "A") -> list[str]:
    return sorted(str(record) for rrset in ask(name, kind).answer for record in rrset)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("ads.shop.svc.cluster.local", "A", ["10.96.0.7"]),
        ("ADS.shop.svc.Cluster.Local", "A", ["10.96.0.7"]),
        ("ads.shop.svc.cluster.local", "AAAA", []),
        ("store.shop.svc.cluster.local", "A", ["10.244.0.1", "10.244.0.2"]),
        ("store-0.store.shop.svc.cluster.local", "A", ["10.244.0.1"]),
        ("10-244-0-2.store.shop.svc.cluster.local", "A", ["10.244.0.2"]),
        ("inside.shop.svc.cluster.local", "A", ["10.96.0.7", "ads.shop.svc.cluster.local."]),
        ("_http._tcp.ads.shop.svc.cluster.local", "SRV", ["0 100 80 ads.shop.svc.cluster.local."]),
        ("_udp._udp.ads.shop.svc.cluster.local", "SRV", ["0 100 53 ads.shop.svc.cluster.local."]),
        (
            "_grpc._tcp.store.shop.svc.cluster.local",
            "SRV",
            ["0 50 9555 10-244-0-2.store.shop.svc.cluster.local.", "0 50 9555 store-0.store.shop.svc.cluster.local."],
        ),
        ("10-244-3-4.shop.pod.cluster.local", "A", ["10.244.3.4"]),
        ("7.0.96.10.in-addr.arpa", "PTR", ["ads.shop.svc.cluster.local."]),
    ],
)
def test_names_of_the_cluster(name: str, kind: str, expected: list[str]) -> None:
    assert values(name, kind) == expected
    assert ask(name, kind).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none.shop.svc.cluster.local", dns.rcode.NXDOMAIN),
        ("ads.other.svc.cluster.local", dns.rcode.NXDOMAIN),
        ("999-244-3-4.shop.pod.cluster.local", dns.rcode.NXDOMAIN),
        ("pending.shop.svc.cluster.local", dns.rcode.NXDOMAIN),
        ("shop.svc.cluster.local", dns.rcode.NOERROR),
        ("example.com", dns.rcode.NXDOMAIN),
        ("shop.localhost", dns.rcode.NXDOMAIN),
    ],
)
def test_names_that_have_no_address(name: str, expected: dns.rcode.Rcode) -> None:
    answer = ask(name)
    assert (answer.rcode(), answer.answer) == (expected, [])


def test_a_name_that_leads_out_of_the_cluster_fails_at_once() -> None:
    answer = ask("outside.shop.svc.cluster.local")
    assert [str(record) for rrset in answer.answer for record in rrset] == ["example.com."]
    assert answer.rcode() == dns.rcode.NXDOMAIN
    direct = ask("example.com")
    assert [rrset.name.to_text() for rrset in direct.authority] == ["."], "a resolver may remember that there is none"
    assert not direct.flags & dns.flags.AA


def test_names_that_lead_in_a_circle_are_answered() -> None:
    assert ask("loop.shop.svc.cluster.local").rcode() == dns.rcode.NOERROR


def test_an_srv_answer_brings_the_addresses_along() -> None:
    additional = ask("_http._tcp.ads.shop.svc.cluster.local", "SRV").additional
    assert [str(record) for rrset in additional for record in rrset] == ["10.96.0.7"]


def test_what_does_not_fit_into_a_datagram_is_asked_for_by_tcp() -> None:
    assert ask("many.shop.svc.cluster.local").flags & dns.flags.TC
    whole = ask("many.shop.svc.cluster.local", datagram=False)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 200


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 12, bytes(range(200))])
def test_rubbish_does_no_harm(content: bytes) -> None:
    answer = answer_query(content, RECORDS, datagram=True)
    assert answer is None or dns.message.from_wire(answer).rcode() != dns.rcode.NOERROR
