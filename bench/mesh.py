"""How long the meshed shop takes to serve, what it costs, and how fast a page is.

The page's peer is the frontend's health page: it comes the same way, through the gateway and both proxies, but calls no
other service. The ratio is what the calls behind a page cost.
"""

import http.client
import json
import socket
import ssl
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from labs import Environment, lab, percentile, run

STACK = "local"
LEAF = "adservice"
PAGES = 300
PODS = 5


def main() -> None:
    """Measure, and print the figures and their ratio."""
    began = time.monotonic()
    with lab() as environment:
        ready = time.monotonic() - began
        run(environment, "pulumi", "stack", "select", "--create", STACK)
        run(environment, "pulumi", "up", "--yes", "--skip-preview")
        url = run(environment, "pulumi", "stack", "output", "url").strip()
        visitor = _Visitor(url, Path(environment["BOUTIQUE_LAB_FILES"]) / "certificate/ca.crt")
        _seconds(visitor, "/")
        serving = time.monotonic() - began
        status = json.loads(run(environment, "boutique", "lab", "status", "--json"))
        appearances = [_appearance(environment, visitor) for _ in range(PODS)]
        page, health = ([1000 * _seconds(visitor, path) for _ in range(PAGES)] for path in ("/", "/_healthz"))
    memory = {name: value / 2**20 for name, value in status["memory"].items()}
    print(f"lab ready                      {ready:.1f} s")
    print(f"first page served              {serving:.1f} s")
    pods = f"{len(status['pods'])} pods: {memory['pods']:.0f} MiB"
    print(f"memory of the whole lab        {memory['total']:.0f} MiB ({pods})")
    print(f"new pod to its first answer    {statistics.median(appearances):.1f} s (median of {PODS})")
    print(f"page, p50 and p99              {percentile(page, 0.5):.0f} ms, {percentile(page, 0.99):.0f} ms")
    print(f"health page, p50 and p99       {percentile(health, 0.5):.1f} ms, {percentile(health, 0.99):.1f} ms")
    print(f"ratio                          {statistics.median(page) / statistics.median(health):.1f}")


class _Visitor(http.client.HTTPSConnection):
    """A connection to this machine for a host whose name need not resolve."""

    def __init__(self, url: str, authority: Path) -> None:
        parts = urlsplit(url)
        super().__init__(str(parts.hostname), parts.port, timeout=10)
        self._trust = ssl.create_default_context(cafile=authority)

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


def _appearance(environment: Environment, visitor: _Visitor) -> float:
    """Return the seconds from a new pod of a service to the first page that it helped to make."""
    before = _serving(visitor)
    run(environment, "kubectl", "rollout", "restart", f"deployment/{LEAF}", "--namespace", STACK)
    began = time.monotonic()
    while _serving(visitor) <= before:
        time.sleep(0.02)
    seconds = time.monotonic() - began
    run(environment, "kubectl", "rollout", "status", f"deployment/{LEAF}", "--namespace", STACK)
    return seconds


def _serving(visitor: _Visitor) -> set[str]:
    """Return the pods of the service that took part in a page."""
    visitor.request("GET", "/", headers={"Accept": "application/json"})
    hops = json.loads(visitor.getresponse().read())["hops"]
    return {hop["pod"] for hop in hops if hop["workload"] == LEAF}


def _seconds(visitor: _Visitor, path: str) -> float:
    began = time.monotonic()
    visitor.request("GET", path)
    answer = visitor.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        sys.exit(f"{path} was answered with {answer.status}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
