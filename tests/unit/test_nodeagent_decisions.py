import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from lab.nodeagent import logfiles, probes, processes, redirection, state, status_report
from lab.nodeagent.addresses import Addresses, pod_with_address
from lab.nodeagent.capture_settings import CaptureSettings
from lab.nodeagent.container_status import ContainerStatus
from lab.nodeagent.ending import Grace, grace
from lab.nodeagent.ending import pause as hook_pause
from lab.nodeagent.nft_table import RedirectionRule
from lab.nodeagent.pods import Container
from lab.nodeagent.probes import ContainerProbe, Verdict
from lab.nodeagent.processes import ProcessIdentity
from lab.nodeagent.restart_backoff import pause
from lab.nodeagent.service_names import service_names
from lab.nodeagent.state import ContainerState, PodState
from lab.nodeagent.status_report import PodReport

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = "2025-12-31T00:00:00Z"


API = RedirectionRule("out", "10.96.0.1", 443, 6443, "10.244.255.254")


def decide(settings: CaptureSettings, **connection: Any) -> int:
    """Return the port at which a connection arrives instead of its own, 0 for its own: by the first rule that fits."""
    chain, address, port = connection.pop("chain", "out"), connection.pop("to", ""), connection.pop("port", 80)
    for rule in redirection.capture(settings):
        fits = [
            rule.chain == chain,
            not rule.address or (address and ip_address(address) in ip_network(rule.address)),
            rule.port in (0, port),
            not rule.source or rule.source == connection.get("source"),
            not rule.loopback or connection.get("loopback"),
            not rule.from_proxy or connection.get("from_proxy"),
        ]
        if all(fits):
            return rule.to_port
    return 0


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ({"to": "10.96.0.7"}, 15001),
        ({"to": "10.244.128.9"}, 15001),
        ({"to": "10.96.0.7", "from_proxy": True}, 0),
        ({"to": "10.244.128.9", "from_proxy": True}, 0),
        ({"to": "10.244.128.7", "loopback": True}, 0),
        ({"to": "10.244.128.7", "loopback": True, "from_proxy": True}, 15006),
        ({"to": "10.244.128.7", "loopback": True, "from_proxy": True, "source": "127.0.0.6"}, 0),
        ({"to": "10.244.128.7", "loopback": True, "from_proxy": True, "port": 15008}, 0),
        ({"to": "127.0.0.1", "loopback": True, "from_proxy": True}, 0),
        ({"to": "10.244.255.254", "port": 15012}, 0),
        ({"to": "10.96.0.1", "port": 443}, 6443),
        ({"to": "192.0.2.1"}, 0),
        ({"chain": "in"}, 15006),
        ({"chain": "in", "port": 15020}, 0),
        ({"chain": "in", "port": 15008}, 0),
    ],
)
def test_connections_pass_through_the_proxy_as_with_istio(connection: dict[str, Any], expected: int) -> None:
    assert decide(CaptureSettings(excluded_inbound_ports=(15020,)), **connection) == expected


def test_a_pod_may_exclude_connections() -> None:
    settings = CaptureSettings(
        inbound_ports=(8080,),
        outbound_ranges=("10.96.0.0/16",),
        excluded_outbound_ranges=("10.96.0.9/32",),
        outbound_ports=(443,),
        excluded_outbound_ports=(25,),
    )
    assert decide(settings, to="10.96.0.7") == 15001
    assert decide(settings, to="10.96.0.9") == 0
    assert decide(settings, to="10.96.0.7", port=25) == 0
    assert decide(settings, to="10.244.128.9") == 0
    assert decide(settings, to="10.244.128.9", port=443) == 15001
    assert decide(settings, chain="in", port=8080) == 15006
    assert decide(settings, chain="in", port=9090) == 0


def test_a_pod_without_a_proxy_reaches_the_ready_endpoints_of_services() -> None:
    def service(name: str, address: str, *ports: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"clusterIP": address, "ports": list(ports)}}

    def endpoint_slice(service: str, port: dict[str, Any], *addresses: str, ready: bool = True) -> dict[str, Any]:
        endpoints = [{"addresses": [address], "conditions": {"ready": ready}} for address in addresses]
        labels = {"kubernetes.io/service-name": service}
        metadata = {"namespace": "shop", "labels": labels}
        return {"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints, "ports": [port]}

    web = {"name": "web", "port": 80, "protocol": "TCP"}
    services = [
        service("ads", "10.96.0.7", web, {"name": "dns", "port": 53, "protocol": "UDP"}),
        service("headless", "None", web),
        service("kubernetes", "10.96.0.1", {"port": 443}),
    ]
    slices = [
        endpoint_slice("ads", {"name": "web", "port": 8080}, "10.244.128.3", "10.244.128.2"),
        endpoint_slice("ads", {"name": "web", "port": 8080}, "10.244.128.4", ready=False),
        endpoint_slice("ads", {"name": "dns", "port": 53}, "10.244.128.2"),
        endpoint_slice("headless", {"name": "web", "port": 80}, "10.244.128.2"),
    ]
    assert redirection.to_services(services, slices) == (
        RedirectionRule("out", "10.96.0.7", 80, 8080, "10.244.128.2", one_in=2),
        RedirectionRule("out", "10.96.0.7", 80, 8080, "10.244.128.3", one_in=1),
    )


def test_pod_without_a_sidecar_still_reaches_the_api_server() -> None:
    assert redirection.capture(None) == (API,)


def test_discovery_leads_to_the_istiod_there_is() -> None:
    assert redirection.discovery("10.244.0.9") == (
        RedirectionRule("out", "10.244.255.254", 15012, 15012, "10.244.0.9"),
    )
    assert redirection.discovery("") == ()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"httpGet": {"path": "/app-health/server/readyz", "port": 15020, "scheme": "HTTP"}, "timeoutSeconds": 3},
            ContainerProbe("http", 15020, "/app-health/server/readyz", timeout=3),
        ),
        ({"httpGet": {"port": "web", "scheme": "HTTPS"}}, ContainerProbe("http", 80, "/", tls=True)),
        ({"tcpSocket": {"port": 6379}, "periodSeconds": 5}, ContainerProbe("tcp", 6379, period=5)),
        ({"grpc": {"port": 9555}, "failureThreshold": 1}, ContainerProbe("grpc", 9555, failures=1)),
        ({"exec": {"command": ["true"]}, "initialDelaySeconds": 4}, ContainerProbe("exec", delay=4, command=("true",))),
    ],
)
def test_probes_have_the_defaults_of_kubernetes(spec: dict[str, Any], expected: ContainerProbe) -> None:
    assert probes.parse(spec, {"web": 80}) == expected


def test_verdict_changes_at_the_thresholds_only() -> None:
    verdict = Verdict(ContainerProbe("tcp", successes=2, failures=3))
    heard = [verdict.hear(good) for good in (True, True, False, False, True, False, False, False, False)]
    assert [number for number, changed in enumerate(heard) if changed] == [1, 7]
    assert verdict.passing is False


def test_verdict_of_an_earlier_agent_stands_until_it_is_refuted() -> None:
    verdict = Verdict(ContainerProbe("tcp", failures=2), passing=True)
    assert not verdict.hear(good=False)
    assert verdict.hear(good=False)


def test_probe_is_asked_eagerly_only_until_it_passes() -> None:
    verdict = Verdict(ContainerProbe("tcp", period=10))
    assert verdict.pause(eager=True) < 1
    assert verdict.pause(eager=False) == 10
    verdict.hear(good=True)
    assert verdict.pause(eager=True) == 10


def test_first_end_costs_no_pause_and_none_more_than_eight_seconds() -> None:
    assert [pause(failures) for failures in (0, 1, 2, 3, 4, 5, 9)] == [0, 0, 1, 2, 4, 8, 8]


def test_grace_is_that_of_the_object() -> None:
    metadata = {"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}
    assert grace({"metadata": metadata}) == Grace(NOW.timestamp(), NOW.timestamp() + 30)
    gone = grace(None)
    assert gone.began == gone.deadline


@pytest.mark.parametrize(
    ("seconds", "elapsed", "expected"), [(15, 0, 15), (15, 0.9, 15), (15, 10, 6), (15, 20, 0), (60, 0, 30)]
)
def test_hook_that_waits_counts_from_the_deletion_cut_to_seconds(seconds: int, elapsed: float, expected: float) -> None:
    assert hook_pause({"sleep": {"seconds": seconds}}, Grace(100, 130), 100 + elapsed) == expected


def test_state_survives_the_agent(tmp_path: Path) -> None:
    containers = {"server": ContainerState(ProcessIdentity(7, 123), 5.0, 2, 137, True, True), "new": ContainerState()}
    written = PodState("shop", "ads-1", "10.244.0.7", ProcessIdentity(6, 99), containers)
    written.write(tmp_path)
    assert state.read(tmp_path) == written
    assert state.read(tmp_path / "other") is None


def test_process_is_known_by_its_start_and_not_by_its_number_alone() -> None:
    own = processes.identify(os.getpid())
    assert own is not None
    assert processes.is_alive(own)
    assert not processes.is_alive(ProcessIdentity(own.pid, own.start + 1))
    with subprocess.Popen(["true"]) as child:
        identity = processes.identify(child.pid)
    assert identity is None or not processes.is_alive(identity)


def test_address_is_given_out_again_as_late_as_can_be() -> None:
    addresses = Addresses()
    first, second = addresses.free(()), addresses.free(())
    assert first != second
    assert addresses.free({second, "10.244.128.3"}) == "10.244.128.4"


def test_pod_knows_its_address_before_the_api_server_does() -> None:
    assert pod_with_address({"status": {}}, "10.244.128.1")["status"]["podIP"] == "10.244.128.1"
    told = {"status": {"podIP": "10.244.128.2"}}
    assert pod_with_address(told, "10.244.128.1") == told


def observed(*, ready: bool, sidecar: bool = False, **changes: Any) -> ContainerStatus:
    name = "istio-proxy" if sidecar else "server"
    container = Container(name, "proxy" if sidecar else "app", sidecar, {"name": name, "image": "x"})
    past = {"process": ProcessIdentity(1, 1), "since": 1.0, "started": True, "ready": ready, **changes}
    return ContainerStatus(container, ContainerState(**past), ready, pausing=past["process"] is None, trouble="")


def reported(*containers: ContainerStatus) -> dict[str, Any]:
    pod = {
        "metadata": {},
        "spec": {"initContainers": [{"name": "istio-init"}, {"name": "istio-proxy", "restartPolicy": "Always"}]},
        "status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": BEFORE}]},
    }
    return status_report.status(PodReport(pod, containers), NOW)


def conditions(status: dict[str, Any]) -> dict[str, str]:
    return {one["type"]: one["status"] for one in status["conditions"]}


def test_pod_is_ready_when_every_container_is() -> None:
    ready = reported(observed(ready=True, sidecar=True), observed(ready=True))
    assert conditions(ready)["Ready"] == "True"
    assert ready["phase"] == "Running"
    unready = reported(observed(ready=True, sidecar=True), observed(ready=False))
    assert conditions(unready)["Ready"] == "False"
    condition = next(one for one in unready["conditions"] if one["type"] == "Ready")
    assert condition["lastTransitionTime"] == BEFORE, "it was not ready before either"
    assert "server" in condition["message"]


def test_container_that_ended_is_told_with_its_end_and_its_restarts() -> None:
    status = reported(observed(ready=False, process=None, exit_code=-9, restarts=4, started=False))
    container = status["containerStatuses"][0]
    assert container["restartCount"] == 4
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert container["lastState"]["terminated"]["exitCode"] == 137


def test_container_that_ended_is_told_with_its_last_words(tmp_path: Path) -> None:
    log = logfiles.current(tmp_path, "server")
    log.write_text(f"first\n{'x' * 9000}\nerror: too many open files\n\n")
    last_line = logfiles.last_line(log)
    assert last_line == "error: too many open files"
    ended = replace(observed(ready=False, process=None, exit_code=1, restarts=4, started=False), last_line=last_line)
    container = reported(ended)["containerStatuses"][0]
    assert last_line in container["state"]["waiting"]["message"]
    assert container["lastState"]["terminated"]["message"] == last_line
    assert logfiles.last_line(tmp_path / "none.log") == ""


def test_end_that_nobody_was_told_of_is_unknown() -> None:
    status = reported(observed(ready=False, process=None, exit_code=processes.LOST, restarts=1, started=False))
    assert status["containerStatuses"][0]["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"


def test_services_are_found_by_every_name_a_pod_may_use() -> None:
    services = [
        {"metadata": {"name": "ads", "namespace": "shop"}, "spec": {"clusterIP": "10.96.0.7"}},
        {"metadata": {"name": "istiod", "namespace": "istio-system"}, "spec": {"clusterIP": "10.96.0.8"}},
    ]
    found = service_names(services, "shop")
    assert found["ads"] == found["ads.shop"] == found["ads.shop.svc.cluster.local"] == "10.96.0.7"
    assert found["istiod.istio-system.svc"] == "10.96.0.8"
    assert "istiod" not in found
