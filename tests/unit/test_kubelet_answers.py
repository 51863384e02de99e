"""What the kubelet's API makes of what Envoy, istiod and kubectl say."""

from typing import Any

import pytest

from lab.kubelet import executing, mesh
from lab.kubelet.refusal import Refusal
from lab.proxies import ProxyStatus

CDS, LDS = (
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
)
SENT = {"sent": "nonce-2", "acked": "nonce-2"}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({CDS: SENT, LDS: SENT}, "synced"),
        ({CDS: SENT, LDS: {"sent": "nonce-2", "acked": "nonce-1"}}, "Listener stale"),
        ({CDS: SENT, LDS: {"sent": "nonce-2"}}, "Listener stale"),
        ({CDS: {}, LDS: SENT}, "Cluster not sent"),
        ({CDS: {**SENT, "lastError": "no such filter"}, LDS: SENT}, "Cluster refused"),
        ({}, "nothing sent"),
    ],
)
def test_proxy_is_synced_when_it_has_acknowledged_everything(resources: dict[str, Any], expected: str) -> None:
    assert mesh.sync(resources) == expected


def certificate(valid_from: str, expires: str) -> dict[str, Any]:
    return {"ca_cert": [{"valid_from": "2020-01-01T00:00:00Z"}], "cert_chain": [_life(valid_from, expires), _life()]}


def _life(valid_from: str = "2020-01-01T00:00:00Z", expires: str = "2030-01-01T00:00:00Z") -> dict[str, str]:
    return {"valid_from": valid_from, "expiration_time": expires}


def test_life_is_that_of_the_workloads_latest_certificate() -> None:
    old = certificate("1970-01-01T00:01:00Z", "1970-01-02T00:00:00Z")
    new = certificate("1970-01-01T00:02:00Z", "1970-01-02T00:01:00Z")
    authority = {"ca_cert": [_life()], "cert_chain": []}
    validity = mesh.validity({"certificates": [old, new, authority]})
    assert validity == {"valid_from": 120.0, "expires": 86460.0}


def test_proxy_without_a_certificate_yet_has_no_life_of_one() -> None:
    assert mesh.validity({"certificates": []}) == {"valid_from": 0.0, "expires": 0.0}


def test_dead_proxy_is_not_synced_whatever_istiod_believes() -> None:
    assert ProxyStatus("shop", "back-1", True, "synced", 1, 2).is_synced
    assert not ProxyStatus("shop", "back-1", False, "synced", 0, 0).is_synced
    assert not ProxyStatus("shop", "back-1", True, "Cluster stale", 1, 2).is_synced


def test_only_programs_of_istio_can_be_run() -> None:
    assert executing.program("proxy", ["pilot-agent", "request"], tty=False) == "pilot-agent"
    assert executing.program("proxy", ["/usr/local/bin/pilot-agent"], tty=False) == "pilot-agent"
    assert executing.program("istiod", ["pilot-discovery", "version"], tty=False) == "pilot-discovery"


@pytest.mark.parametrize(
    ("kind", "command", "tty", "reason"),
    [
        ("app", ["sh"], False, "a stand-in runs in its place"),
        ("app", ["pilot-agent"], False, "a stand-in runs in its place"),
        ("proxy", ["sh", "-c", "pilot-agent"], False, "pilot-agent is all there is"),
        ("proxy", [], False, "nothing cannot be run"),
        ("proxy", ["pilot-agent", "request"], True, "leave -t out"),
    ],
)
def test_everything_else_is_refused(kind: str, command: list[str], tty: bool, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        executing.program(kind, command, tty)
