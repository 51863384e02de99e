"""Both routing APIs say what the table says: read by their own rules, they agree with the oracle on every request."""

from hypothesis import given

from boutique.routing import http_routes, virtual_services
from boutique.routing.model import Table
from boutique.routing.resolution import EdgeRequest, MeshCall, Resolution, backend
from tests.support.routing_strategies import GATEWAY, calls, requests, tables
from tests.support.unit import http_route_reader, virtual_service_reader
from tests.support.unit.envoy_headers import Outcome


def expected_outcome(served: Resolution | None) -> Outcome | None:
    return Outcome(served.backend.service, served.backend.port, served.baggage) if served else None


@given(tables, requests)
def test_httproutes_at_the_edge(table: Table, request: EdgeRequest) -> None:
    specs = http_routes.edge(table, GATEWAY)
    assert http_route_reader.at_the_edge(specs, request.host, request.headers) == expected_outcome(
        backend(table, request)
    )


@given(tables, requests)
def test_virtual_services_at_the_edge(table: Table, request: EdgeRequest) -> None:
    specs = virtual_services.edge(table, GATEWAY)
    assert virtual_service_reader.at_the_edge(specs, request.host, request.headers) == expected_outcome(
        backend(table, request)
    )


@given(tables, calls)
def test_httproutes_in_the_mesh(table: Table, call: MeshCall) -> None:
    specs = http_routes.mesh(table)
    result = http_route_reader.in_the_mesh(specs, call.service.service, call.service.port, call.headers)
    assert result == expected_outcome(backend(table, call))


@given(tables, calls)
def test_virtual_services_in_the_mesh(table: Table, call: MeshCall) -> None:
    specs = virtual_services.mesh(table)
    result = virtual_service_reader.in_the_mesh(specs, call.service.service, call.service.port, call.headers)
    assert result == expected_outcome(backend(table, call))
