"""Asks proxies what drawn requests are answered with, and compares that with the oracle; runs inside a lab.

What is to be asked comes as JSON on standard input: the kind (`edge` or `mesh`), the features, the addresses, the seed,
and how many requests in how many seconds. It prints, as JSON, how many requests went which way, and the first that were
answered otherwise. Unit tests draw the same requests.
"""

import http.client
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from boutique.routing.model import MEMBER, FeatureRouting, Table
from boutique.routing.resolution import EdgeRequest, Headers, MeshCall, Resolution, backend
from boutique.routing.route_table import table
from tests.support.routing_strategies import ENVIRONMENT, SERVICES, calls, requests

EDGE, MESH = "edge", "mesh"
GATEWAY_PORT = 80
MOST_SHOWN = 5
PATIENCE = 120.0

Answer = tuple[str, str | None] | None
"""Which version served a request, and the `baggage` that it got; None if none did."""


class Proxy:
    """One connection to a proxy, opened again when it is closed."""

    def __init__(self, address: str, port: int) -> None:
        self.connection = http.client.HTTPConnection(address, port, timeout=10)

    def answer(self, host: str, headers: Headers) -> Answer:
        try:
            return self._answer(host, headers)
        except (OSError, http.client.HTTPException):
            # A kept connection may be closed; a new one must work.
            self.connection.close()
            return self._answer(host, headers)

    def _answer(self, host: str, headers: Headers) -> Answer:
        self.connection.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
        self.connection.putheader("Host", host)
        for name, value in headers:
            self.connection.putheader(name, value.encode("utf-8", "surrogateescape"))
        self.connection.endheaders()
        response = self.connection.getresponse()
        body = response.read()
        if response.status == http.HTTPStatus.NOT_FOUND:
            return None
        if response.status != http.HTTPStatus.OK:
            return f"status {response.status}", None
        document = json.loads(body)
        baggage = [value for name, value in document["headers"].items() if name.lower() == "baggage"]
        return document["version"], baggage[0] if baggage else None


class RouteClient:
    """Sends requests to the gateway, or to the called Service in the mesh."""

    def __init__(self, whole: Table, addresses: Mapping[str, str]) -> None:
        ports = {service.service: service.port for service in SERVICES}
        self._table = whole
        self._proxies = {name: Proxy(address, ports.get(name, GATEWAY_PORT)) for name, address in addresses.items()}

    def ask(self, request: EdgeRequest | MeshCall) -> tuple[Resolution | None, Answer, Answer]:
        """Return what the oracle says, the answer that this asks for, and the one that came."""
        served = backend(self._table, request)
        wanted = (served.backend.service, served.baggage) if served else None
        if isinstance(request, EdgeRequest):
            return served, wanted, self._proxies[EDGE].answer(request.host, request.headers)
        answer = self._proxies[request.service.service].answer(str(request.service), request.headers)
        # In the mesh no proxy changes the baggage of a call.
        return served, wanted and (wanted[0], None), answer and (answer[0], None)

    def wait(self, kind: str) -> None:
        """Wait until the proxies have heard of every route: one request for each is answered as it should be."""
        deadline = time.monotonic() + PATIENCE
        for request in examples(self._table, kind):
            while True:
                _, wanted, answer = self.ask(request)
                if wanted == answer:
                    break
                assert time.monotonic() < deadline, f"{request}: {answer} instead of {wanted}, for {PATIENCE} s"
                time.sleep(0.2)


def examples(whole: Table, kind: str) -> Iterator[EdgeRequest | MeshCall]:
    """Return a request for every route."""
    if kind == MESH:
        for inside in whole.mesh:
            carried = ((("baggage", f"{MEMBER}={inside.feature}"),)) if inside.feature else ()
            yield MeshCall(service=inside.service, headers=carried)
        return
    for route in whole.edge:
        cookie = (("cookie", f"{route.cookie.name}={route.cookie.value}"),) if route.cookie else ()
        header = ((route.header.name, route.header.value),) if route.header else ()
        yield EdgeRequest(host=route.host, headers=(*cookie, *header))


def main() -> None:
    task: dict[str, Any] = json.load(sys.stdin)
    kind = task["kind"]
    features = [FeatureRouting(**{**feature, **_tuples(feature)}) for feature in task["features"]]
    asker = RouteClient(table(ENVIRONMENT, features), task["addresses"])
    asker.wait(kind)
    ways: Counter[str] = Counter()
    wrong: list[str] = []
    over = time.monotonic() + task["seconds"]

    @seed(task["seed"])
    @settings(max_examples=task["count"], suppress_health_check=list(HealthCheck), deadline=None, database=None)
    @given(requests if kind == EDGE else calls.filter(lambda call: call.service in SERVICES))
    def compare(request: EdgeRequest | MeshCall) -> None:
        if time.monotonic() > over:
            return
        served, wanted, answer = asker.ask(request)
        ways[served.route.name if served and served.route else "none"] += 1
        if answer != wanted:
            wrong.append(f"{request}: {answer} instead of {wanted}")

    compare()
    print(json.dumps({"asked": ways.total(), "ways": ways, "wrong": wrong[:MOST_SHOWN]}))


def _tuples(feature: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(feature[name]) for name in ("services", "sessions")}


if __name__ == "__main__":
    main()
