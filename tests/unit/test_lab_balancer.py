from pathlib import Path
from typing import Any

import pytest

from lab import environment
from lab.errors import LabError
from lab.folder import Folder, LabSettings
from lab.kubernetes.api import Api
from lab.ports import PORTS, check_unchanged
from lab.supervision.balancer import LoadBalancer, ready


def service(name: str, kind: str = "LoadBalancer", made: str = "2026-01-02T00:00:00Z", **ports: int) -> dict[str, Any]:
    return {
        "metadata": {"uid": name, "name": name, "namespace": "edge", "creationTimestamp": made},
        "spec": {"type": kind, "ports": [{"name": key, "port": number} for key, number in ports.items()]},
    }


def part(owner: str, *endpoints: dict[str, Any], namespace: str = "edge", **ports: int) -> dict[str, Any]:
    return {
        "metadata": {"namespace": namespace, "labels": {"kubernetes.io/service-name": owner}},
        "ports": [{"name": key, "port": number} for key, number in ports.items()],
        "endpoints": list(endpoints),
    }


def endpoint(address: str, **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "conditions": conditions}


def ready_addresses(services: list[Any], slices: list[Any], port: int = 443) -> tuple[tuple[str, int], ...]:
    return ready(
        {str(n): service for n, service in enumerate(services)},
        {str(n): endpoint_slice for n, endpoint_slice in enumerate(slices)},
        port,
    )


FRONT = service("front", https=443, http=80)


def test_connections_go_to_ready_pods_at_the_port_of_the_container() -> None:
    slices = [
        part("front", endpoint("10.0.0.2", ready=True), endpoint("10.0.0.1"), https=8443, http=8080),
        part("front", endpoint("10.0.0.3", ready=True), https=8443),
    ]
    assert ready_addresses([FRONT], slices) == (("10.0.0.1", 8443), ("10.0.0.2", 8443), ("10.0.0.3", 8443))
    assert ready_addresses([FRONT], slices, 80) == (("10.0.0.1", 8080), ("10.0.0.2", 8080))


def test_a_pod_that_is_not_ready_or_about_to_end_gets_none() -> None:
    ending = endpoint("10.0.0.1", ready=False, serving=True, terminating=True)
    assert ready_addresses([FRONT], [part("front", ending, https=443)]) == ()


@pytest.mark.parametrize(
    "other",
    [
        part("back", endpoint("10.0.0.9"), https=443),
        part("front", endpoint("10.0.0.9"), https=443, namespace="elsewhere"),
        part("front", endpoint("10.0.0.9"), other=443),
        part("front"),
    ],
)
def test_what_belongs_to_others_is_left_alone(other: dict[str, Any]) -> None:
    assert ready_addresses([FRONT], [part("front", endpoint("10.0.0.1"), https=443), other]) == (("10.0.0.1", 443),)


def test_it_stands_in_front_of_the_oldest_load_balancer_service_with_https() -> None:
    others = [
        service("inner", "ClusterIP", "2026-01-01T00:00:00Z", https=443),
        service("plain", made="2026-01-01T00:00:00Z", http=80),
        service("younger", made="2026-01-03T00:00:00Z", https=443),
    ]
    slices = [part(name, endpoint("10.0.0.9"), https=443, http=80) for name in ("inner", "plain", "younger")]
    assert ready_addresses([*others, FRONT], [*slices, part("front", endpoint("10.0.0.1"), https=443)]) == (
        ("10.0.0.1", 443),
    )
    assert ready_addresses(others[:2], slices) == ()


def test_connections_are_spread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Api, "__init__", lambda *_: None)
    balancer = LoadBalancer(Api("127.0.0.1", 1, tmp_path))
    assert balancer.addresses(443) == ()
    balancer.see_services({"1": FRONT})
    balancer.see_slices({"1": part("front", endpoint("10.0.0.1"), endpoint("10.0.0.2"), https=443)})
    turns = [balancer.addresses(443) for _ in range(4)]
    assert {len(turn) for turn in turns} == {2}, "the others are there in case the first does not answer"
    assert sorted(turn[0][0] for turn in turns) == ["10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2"]


def test_ports_stay_as_they_are_while_the_lab_runs() -> None:
    has = {"api": 16443, "https": 8443, "http": 8080}
    check_unchanged("some", {}, has)
    check_unchanged("some", has, has)
    with pytest.raises(LabError, match=r"lab some .* HTTPS at port 8443: give --https-port 9443 after .*lab down"):
        check_unchanged("some", {"https": 9443}, has)
    assert PORTS.keys() == has.keys()


def test_stacks_are_told_the_port_that_people_use(tmp_path: Path) -> None:
    where = Folder("new", tmp_path / "new")
    assert "BOUTIQUE_LAB_HTTPS_PORT" not in environment.variables(where, "/bin")
    where.create()
    LabSettings({"api": 16443, "https": 8443}, "/tools").write(where)
    assert environment.variables(where, "/bin")["BOUTIQUE_LAB_HTTPS_PORT"] == "8443"
