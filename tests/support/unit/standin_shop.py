"""The shop on the loopback: every workload's stand-in in one event loop, each on a port of its own."""

import asyncio
import gc
import http.client
import itertools
import json
import os
import secrets
import socket
import threading
import warnings
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from boutique.application.container import called_ports, plain_variables
from boutique.application.workload import Workload
from lab.standins.answers import Pod
from lab.standins.behaviour import read, render
from lab.standins.directory import Directory
from lab.standins.setup import Setup
from lab.standins.standin import run
from ops.applications.standin_behaviours import standin_behaviours
from ops.applications.standin_refinements import parse_refinements
from tests.support.online_boutique import APPLICATION, REFERENCE, ROOT, WORKLOADS

_lab_file = ROOT / "application" / f"{REFERENCE}.lab.yaml"
BEHAVIOURS = standin_behaviours(APPLICATION, parse_refinements(_lab_file.read_bytes(), _lab_file.name, APPLICATION))

VERSION = "1.2.3"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ORDER = {
    "email": "someone@example.com",
    "street_address": "1 Some Street",
    "zip_code": "94043",
    "city": "Mountain View",
    "state": "CA",
    "country": "United States",
    "credit_card_number": "4432801561520454",
    "credit_card_expiration_month": "1",
    "credit_card_expiration_year": "2039",
    "credit_card_cvv": "672",
}


_PORTS = 1500
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
_first = secrets.randbelow(_PORTS)
_candidates = itertools.cycle(20_000 + _worker * _PORTS + (_first + number) % _PORTS for number in range(_PORTS))


def free_port() -> int:
    """Return a port that no test had lately, and no connection is given by itself: those have them from 32768 on."""
    for port in _candidates:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Answered:
    status: int
    headers: list[tuple[str, str]]
    body: str

    @property
    def page(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Shop:
    folder: Path
    versions: dict[str, str] = field(default_factory=dict)
    extra: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ports = {workload.name: free_port() for workload in WORKLOADS if workload.port}
        self.services = self.folder / "services.json"
        self.services.write_text(json.dumps(dict.fromkeys(self.ports, "127.0.0.1")))
        self.behaviour = self.folder / "behaviour.json"
        moved = {
            f"{REFERENCE}/{name}": replace(
                behaviour, ports=tuple(replace(port, number=self.ports[name]) for port in behaviour.ports)
            )
            for name, behaviour in BEHAVIOURS.items()
        }
        self.behaviour.write_text(render(moved))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.running: dict[str, tuple[asyncio.Event, Future[int]]] = {}

    def environment(self, workload: Workload) -> dict[str, str]:
        calls = {variable: f"{name}:{self.ports[name]}" for variable, name, _ in called_ports(workload.calls)}
        return {**plain_variables(workload.env), **calls, **self.extra.get(workload.name, {})}

    def setup(self, workload: Workload) -> Setup:
        version = self.versions.get(workload.name, VERSION)
        behaviour = read(self.behaviour.read_text(), f"{REFERENCE}/{workload.name}")
        assert behaviour
        return Setup(
            pod=Pod(workload=workload.name, version=version, pod=f"{workload.name}-0", image=str(workload.image)),
            behaviour=behaviour,
            environment=self.environment(workload),
            directory=Directory(self.services),
            address="127.0.0.1",
            grace_seconds=5,
        )

    def start(self, *names: str) -> "Shop":
        for name in names or self.ports:
            self.begin(name)
        for name in self.running:
            self._wait(name)
        asyncio.run_coroutine_threadsafe(_accept(), self.loop).result(10)
        return self

    def begin(self, name: str) -> "Future[int]":
        workload = next(workload for workload in WORKLOADS if workload.name == name)
        end = asyncio.Event()
        result = asyncio.run_coroutine_threadsafe(run(self.setup(workload), end), self.loop)
        self.running[name] = (end, result)
        return result

    def _wait(self, name: str) -> None:
        while name in self.ports and not listens(self.ports[name]):
            if self.running[name][1].done():
                self.running[name][1].result()

    def stop(self, name: str) -> "Future[int]":
        end, result = self.running.pop(name)
        self.loop.call_soon_threadsafe(end.set)
        return result

    def close(self) -> None:
        # Callers first: a callee then has no open connection left to wait for.
        for name in reversed(list(self.running)):
            self.stop(name).result(10)
        asyncio.run_coroutine_threadsafe(_settle(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        collect_transports()

    def ask(self, verb: str, path: str, body: str | None = None, **headers: str) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["frontend"], timeout=10)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(verb, path, body, names)
            response = connection.getresponse()
            return Answered(
                response.status, [(k.lower(), v) for k, v in response.getheaders()], response.read().decode()
            )
        finally:
            connection.close()


def collect_transports() -> None:
    """Collect the transports that a loop had no time left to close: they are not a later test's failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def _accept() -> None:
    """Let the loop accept the connections that looked whether servers listen.

    A server that is closed amid that leaves a transport behind, whose end Python 3.13.0 cannot bear: an AssertionError
    in Server._attach (asyncio/base_events.py), then a TypeError in Server._wakeup.
    """
    for _ in range(5):
        await asyncio.sleep(0)


async def _settle() -> None:
    """Leave nothing behind, as `asyncio.run` does for a process: connections that were just being made, or closed."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.sleep(0.02)
