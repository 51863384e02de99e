"""Both routing APIs say what the table says: read by their own rules, they agree with the oracle on every request."""

import httproutereader
import virtualservicereader
from hypothesis import given
from proxy import Outcome
from traffic import GATEWAY, calls, requests, tables

from boutique.routing import http_routes, virtual_services
from boutique.routing.model import Table
from boutique.routing.resolution import EdgeRequest, MeshCall, Resolution, backend


def wanted(served: Resolution | None) -> Outcome | None:
    return Outcome(served.backend.service, served.backend.port, served.baggage) if served else None


@given(tables, requests)
def test_httproutes_at_the_edge(table: Table, request: EdgeRequest) -> None:
    specs = http_routes.edge(table, GATEWAY)
    assert httproutereader.at_the_edge(specs, request.host, request.headers) == wanted(backend(table, request))


@given(tables, requests)
def test_virtual_services_at_the_edge(table: Table, request: EdgeRequest) -> None:
    specs = virtual_services.edge(table, GATEWAY)
    assert virtualservicereader.at_the_edge(specs, request.host, request.headers) == wanted(backend(table, request))


@given(tables, calls)
def test_httproutes_in_the_mesh(table: Table, call: MeshCall) -> None:
    specs = http_routes.mesh(table)
    found = httproutereader.in_the_mesh(specs, call.service.service, call.service.port, call.headers)
    assert found == wanted(backend(table, call))


@given(tables, calls)
def test_virtual_services_in_the_mesh(table: Table, call: MeshCall) -> None:
    specs = virtual_services.mesh(table)
    found = virtualservicereader.in_the_mesh(specs, call.service.service, call.service.port, call.headers)
    assert found == wanted(backend(table, call))
