"""Which ports have headers, by which Istio tells requests of features apart, and which names tell Istio nothing."""

from typing import Any

import pytest

from boutique.application.application import Application
from boutique.application.call_graph import called_service_ports, workload_calls
from boutique.mesh.policies import table
from boutique.routing import route_table
from support.port_protocols import declared_protocol, has_headers, is_known_to_istio


@pytest.mark.parametrize(
    ("name", "app_protocol", "protocol", "headers"),
    [
        ("http", None, "http", True),
        ("grpc-web-api", None, "grpc-web", True),
        ("tcp", None, "tcp", False),
        ("x", "kubernetes.io/h2c", "http2", True),
        ("tcp", "kubernetes.io/ws", "http", True),
        # TLS, which no proxy looks into.
        ("http", "kubernetes.io/wss", "https", False),
        ("http", "https", "https", False),
        ("x", "GRPC", "grpc", True),
        ("x", "http2-api", "http2", True),
    ],
)
def test_istio_reads_headers_where_it_reads_http(
    name: str, app_protocol: str | None, protocol: str, headers: bool
) -> None:
    assert declared_protocol(name, app_protocol) == protocol
    assert has_headers(name, app_protocol) is headers
    assert is_known_to_istio(name, app_protocol)
    assert not has_headers(name, app_protocol, "UDP")


@pytest.mark.parametrize(
    ("name", "app_protocol"), [("web", None), ("httpx", None), ("http", "postgres"), ("x", "kubernetes.io/H2C")]
)
def test_what_istio_does_not_know_has_no_headers(name: str, app_protocol: str | None) -> None:
    assert not is_known_to_istio(name, app_protocol)
    assert not has_headers(name, app_protocol)


def application(ports: list[dict[str, Any]], **caller: Any) -> Application:
    workloads = {
        "web": {"image": "web:1", "ports": [{"name": "http", "port": 80}], **caller},
        "api": {"image": "api:1", "ports": ports},
    }
    return Application.model_validate({"name": "mine", "entry": {"workload": "web"}, "workloads": workloads})


def test_a_port_with_http2_without_tls_has_routes_of_features() -> None:
    ports = [{"name": "api", "port": 90, "appProtocol": "kubernetes.io/h2c"}]
    drawn = application(ports, calls={"API": "{api}:90"})
    assert [(backend.service, backend.port) for backend in route_table.services(drawn.workloads)] == [
        ("api", 90),
        ("web", 80),
    ]
    [call] = workload_calls(drawn)
    assert call.is_followed


@pytest.mark.parametrize(
    ("caller", "called"),
    [
        ({"calls": {"API": "http://{api}:90/v1"}}, [90]),
        ({"calls": {"API": "{api}:90", "ADMIN": "{api}:91"}}, [90, 91]),
        # The port is a default of the program.
        ({"calls": {"API_HOST": "{api}"}}, [90, 91]),
        ({"calls": {"API": "{api}:90", "API_HOST": "{api}"}}, [90, 91]),
        ({"callsByName": ["api"]}, [90, 91]),
        ({"initContainers": [{"name": "i", "image": "i:1", "calls": {"API": "{api}:91"}}]}, [91]),
    ],
)
def test_policies_allow_the_ports_that_the_call_graph_shows(caller: dict[str, Any], called: list[int]) -> None:
    ports = [{"name": "http", "port": 90}, {"name": "grpc", "port": 91}, {"name": "metrics", "targetPort": 92}]
    drawn = application(ports, **caller)
    web, api = drawn.workloads_by_name["web"], drawn.workloads_by_name["api"]
    assert [port.port for port in called_service_ports(web, api)] == called
    assert [call.port.port for call in workload_calls(drawn)] == called
    assert [edge.port for edge in table(drawn) if edge.callee == "api"] == called
