"""The derived stand-ins of any application on the loopback, in one event loop, each of its ports on a free one."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from boutique.application.application import Application
from boutique.application.application_file import load_application
from boutique.application.container import WorkloadPort, plain_variables
from boutique.application.workload import Workload
from lab.http import HttpRequest, Response
from lab.standins.answers import Pod
from lab.standins.behaviour import Behaviour
from lab.standins.directory import Directory, Endpoint
from lab.standins.http_client import HttpConnection
from lab.standins.setup import Setup
from lab.standins.standin import run
from ops.applications.standin_behaviours import standin_behaviours
from tests.support.unit.standin_shop import collect_transports, free_port, listens

DATA = Path(__file__).parents[2] / "unit" / "data"
PATIENCE = 60.0

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Ports = Mapping[tuple[str, str], int]


def everything() -> Application:
    """Return the tests' own application, which has what Online Boutique lacks."""
    return load_application(str(DATA / "everything.yaml"), DATA)


def move(application: Application) -> tuple[Application, Ports]:
    """Return an application on free ports, and the port of each workload by the port's name."""
    ports = {
        (name, port.name): free_port()
        for name, workload in application.workloads_by_name.items()
        for port in workload.ports
    }
    moved = {name: _move(workload, application, ports) for name, workload in application.workloads_by_name.items()}
    return _copy(application, {"workloads_by_name": moved}), ports


def _move(workload: Workload, application: Application, ports: Ports) -> Workload:
    def address(match: re.Match[str]) -> str:
        callee = application.workloads_by_name[match[1]]
        [name] = [port.name for port in callee.service_ports if str(port.port) == match[2]]
        return f"{{{match[1]}}}:{ports[match[1], name]}"

    def moved(port: WorkloadPort) -> WorkloadPort:
        number = ports[workload.name, port.name]
        return port.model_copy(update={"port": port.port and number, "target_port": number})

    numbers = {port.container_port: ports[workload.name, port.name] for port in workload.ports}
    update: dict[str, Any] = {
        "ports": tuple(map(moved, workload.ports)),
        "calls": {name: re.sub(r"\{([^}]+)\}:(\d+)", address, value) for name, value in workload.calls.items()},
    }
    for key in ("readiness_probe", "liveness_probe", "startup_probe"):
        probe = getattr(workload, key)
        for way in ("http_get", "grpc", "tcp_socket"):
            if probe and (action := getattr(probe, way)) and isinstance(action.port, int):
                numbers.setdefault(action.port, free_port())
                update[key] = probe.model_copy(update={way: action.model_copy(update={"port": numbers[action.port]})})
    return _copy(workload, update)


def _copy(model: M, update: Mapping[str, Any]) -> M:
    """Return a changed copy of a model, without what the original computed once and for all."""
    copied = model.model_copy(update=update)
    for name, value in vars(type(model)).items():
        if isinstance(value, cached_property):
            copied.__dict__.pop(name, None)
    return copied


class Standins:
    """The stand-ins of an application that run."""

    def __init__(self, application: Application, ports: Ports, directory: Directory) -> None:
        self.application = application
        self.ports = ports
        self.directory = directory

    async def get(self, workload: str, port: str, path: str = "/", verb: str = "GET", **headers: str) -> Response:
        """Ask a port by HTTP/1.1."""
        connection = HttpConnection(tls=port == "https")
        lines = (("accept", "application/json"), *((k.replace("_", "-"), v) for k, v in headers.items()))
        try:
            endpoint = Endpoint("127.0.0.1", self.ports[workload, port], workload)
            return await connection.send(endpoint, HttpRequest(verb=verb, target=path, headers=lines))
        finally:
            connection.close()

    async def hops(self, workload: str, port: str, path: str = "/", **headers: str) -> list[dict[str, Any]]:
        """Return the hops of a request to a port."""
        response = await self.get(workload, port, path, **headers)
        hops: list[dict[str, Any]] = json.loads(response.body)["hops"]
        return hops


def talk(
    folder: Path,
    question: Callable[[Standins], Awaitable[T]],
    application: Application | None = None,
    *,
    versions: Mapping[str, str] | None = None,
    extra: Mapping[str, Mapping[str, str]] | None = None,
    without: tuple[str, ...] = (),
) -> T:
    """Run the stand-ins of an application, ask them something, and end them.

    Args:
        folder: For files.
        question: Asks.
        application: Whose; the tests' own by default.
        versions: The versions of workloads, where they are not 1.0.0.
        extra: Variables of workloads that an environment sets.
        without: Workloads that do not run.
    """
    moved, ports = move(application or everything())
    services = folder / "services.json"
    services.write_text(json.dumps(dict.fromkeys(moved.workloads_by_name, "127.0.0.1")))
    directory = Directory(services)
    setups = {
        name: Setup(
            pod=Pod(workload=name, version=(versions or {}).get(name, "1.0.0"), pod=f"{name}-0"),
            behaviour=behaviour,
            environment=_environment(moved.workloads_by_name[name]) | dict((extra or {}).get(name, {})),
            directory=directory,
            address="127.0.0.1",
            grace_seconds=5,
        )
        for name, behaviour in standin_behaviours(moved).items()
        if name not in without
    }

    async def ask() -> T:
        end = asyncio.Event()
        tasks = [asyncio.create_task(run(setup, end)) for setup in setups.values()]
        async with asyncio.timeout(PATIENCE):
            for setup in setups.values():
                await _wait(setup.behaviour, tasks)
            answer = await question(Standins(moved, ports, directory))
            end.set()
            assert set(await asyncio.gather(*tasks)) == {0}
        return answer

    try:
        return asyncio.run(ask())
    finally:
        collect_transports()


def _environment(workload: Workload) -> dict[str, str]:
    return {**plain_variables(workload.env), **workload.addresses()}


async def _wait(behaviour: Behaviour, tasks: list["asyncio.Task[int]"]) -> None:
    for port in behaviour.ports:
        while port.protocol != "udp" and not listens(port.number):
            for task in tasks:
                assert not task.done(), task.exception()
            await asyncio.sleep(0.01)
