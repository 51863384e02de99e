"""Asks a proxy what drawn requests are answered with, and compares that with the oracle; runs inside a lab.

It prints, as JSON, the seed, how many requests went which way, and the first that were answered otherwise. The module
`traffic` is among the unit tests.
"""

import argparse
import http.client
import json
import time
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from traffic import ENTRY, SERVICES, calls, requests

from boutique.oracle import Call, Request, backend
from boutique.routetable import table
from boutique.routing import Environment, Feature

ADS = SERVICES[2]
SESSIONS = ("abc", "abcd", "ABC", "a.c", "a+", "(.*)", "a|b", "[a-z]*", "%61bc", "a=b", "$", "x" * 128)
FEATURES = (
    Feature(stack="dev-a", key="a", services=("front",), sessions=SESSIONS[0:5:2]),
    Feature(stack="dev-ab", key="ab", services=("ads",), sessions=SESSIONS[1:5:2], header=True),
    Feature(stack="dev-new-ads", key="new-ads", services=("front", "ads"), sessions=SESSIONS[5:], header=True),
)
ENVIRONMENT = Environment(
    stack="dev",
    host="dev.shop.example",
    entry=ENTRY,
    services=(ENTRY, ADS),
    taken=frozenset({"front", "ads"}),
    cookie="shop_session-id",
    features=True,
)
TABLE = table(ENVIRONMENT, FEATURES)
MOST_SHOWN = 5


class Proxy:
    """One connection to a proxy, opened again when it is closed."""

    def __init__(self, address: str, port: int) -> None:
        self.address, self.port = address, port
        self.connection = http.client.HTTPConnection(address, port, timeout=10)

    def answer(self, host: str, headers: Any) -> tuple[str, str | None] | None:
        """Return which version served a request and the baggage that it got; None if nobody did."""
        for last in (False, True):
            try:
                return self._answer(host, headers)
            except (OSError, http.client.HTTPException):
                self.connection.close()
                if last:
                    raise
        return None

    def _answer(self, host: str, headers: Any) -> tuple[str, str | None] | None:
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
        said = json.loads(body)
        baggage = [value for name, value in said["headers"].items() if name.lower() == "baggage"]
        return said["version"], baggage[0] if baggage else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["edge", "mesh"])
    parser.add_argument("address")
    for name in ("count", "seconds", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given_ = parser.parse_args()
    proxy = Proxy(given_.address, ENTRY.port if given_.kind == "edge" else ADS.port)
    ways: Counter[str] = Counter()
    wrong: list[str] = []
    over = time.monotonic() + given_.seconds

    @seed(given_.seed)
    @settings(max_examples=given_.count, suppress_health_check=list(HealthCheck), deadline=None, database=None)
    @given(requests if given_.kind == "edge" else calls)
    def ask(asked: Request | Call) -> None:
        if time.monotonic() > over:
            return
        at_edge = isinstance(asked, Request)
        if isinstance(asked, Call):
            asked = Call(service=ADS, headers=asked.headers)
        served = backend(TABLE, asked)
        host = asked.host if isinstance(asked, Request) else f"{ADS.service}:{ADS.port}"
        said = proxy.answer(host, asked.headers)
        wanted = (served.backend.service, served.baggage) if served else None
        if said is not None and wanted is not None and not at_edge:
            # In the mesh what a call carries is nobody's to change.
            said, wanted = (said[0], None), (wanted[0], None)
        ways[served.route.name if served and served.route else "nobody"] += 1
        if said != wanted:
            wrong.append(f"{asked}: {said} instead of {wanted}")

    ask()
    print(json.dumps({"seed": given_.seed, "asked": ways.total(), "ways": ways, "wrong": wrong[:MOST_SHOWN]}))


if __name__ == "__main__":
    main()
