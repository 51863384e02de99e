"""A pod of no known application gets a stand-in by its ports."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from lab.http import HttpRequest, Response
from lab.nodeagent import commands
from lab.nodeagent.pods import Container, containers
from lab.standins import __main__ as program
from lab.standins.answers import Pod
from lab.standins.directory import Directory, Endpoint
from lab.standins.http_client import HttpConnection
from lab.standins.setup import Setup
from lab.standins.standin import run
from lab.standins.unknown_workload import port_behaviour
from tests.support.unit.standin_shop import collect_transports, free_port, listens

TEMPLATE = ("run", "{application}/{workload}", "{named_ports}", "{ports}", "{image}")


def command(pod: dict[str, Any], container: Container) -> tuple[str, ...]:
    return commands.standin(TEMPLATE, container, pod, Path("/services"))


def pod(labels: dict[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"name": "web-0", "namespace": "x", "labels": labels},
        "spec": {
            "containers": [
                {"name": "istio-proxy"},
                {
                    "name": "server",
                    "image": "registry.example/web:1",
                    "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 90}],
                },
                {"name": "metrics", "ports": [{"containerPort": 9102, "name": "http-metrics"}]},
            ]
        },
        "status": {},
    }


def test_a_stand_in_is_told_its_application_and_its_ports() -> None:
    labelled = pod({"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"})
    _, server, metrics = containers(labelled)
    assert command(labelled, server) == ("run", "shop/web", "80:http,90:", "80,90", "registry.example/web:1")
    # The container beside it is not the workload that the labels name.
    assert command(labelled, metrics) == ("run", "/web", "9102:http-metrics", "9102", "")


def test_a_pod_without_labels_has_no_application() -> None:
    bare = pod({})
    assert command(bare, containers(bare)[1]) == ("run", "/server", "80:http,90:", "80,90", "registry.example/web:1")


@pytest.mark.parametrize(
    ("ports", "protocols"),
    [("", []), ("80:http,90:", ["http", "http"]), ("9000:grpc,6379:", ["grpc", "redis"]), ("53:tcp", ["tcp"])],
)
def test_its_ports_decide(ports: str, protocols: list[str]) -> None:
    assert [port.protocol for port in port_behaviour(ports).ports] == protocols


def test_it_answers_with_a_page_at_every_path(tmp_path: Path) -> None:
    port = free_port()

    async def talk() -> Response:
        end = asyncio.Event()
        setup = Setup(
            pod=Pod(workload="web", version="1", pod="web-0"),
            behaviour=port_behaviour(f"{port}:"),
            environment={},
            directory=Directory(tmp_path / "none"),
            address="127.0.0.1",
        )
        task = asyncio.create_task(run(setup, end))
        while not listens(port):
            await asyncio.sleep(0.01)
        connection = HttpConnection()
        request = HttpRequest(verb="GET", target="/any/where", headers=(("accept", "application/json"),))
        response = await connection.send(Endpoint("127.0.0.1", port, "web:80"), request)
        connection.close()
        end.set()
        assert await task == 0
        return response

    response = asyncio.run(talk())
    collect_transports()
    assert response.status == 200
    assert [hop["workload"] for hop in json.loads(response.body)["hops"]] == ["web"]


@pytest.mark.parametrize(("workload", "ports"), [("shop/web", [1]), ("shop/none", [80]), ("/web", [80])])
def test_the_document_decides_where_it_knows_the_workload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: str, ports: list[int]
) -> None:
    (tmp_path / "behaviour.json").write_text('{"shop/web": {"ports": [{"number": 1, "protocol": "tcp"}]}}')
    arguments = ["--behaviour", str(tmp_path / "behaviour.json"), "--workload", workload, "--ports", "80:http"]
    arguments += ["--pod", "web-0", "--version", "1", "--services", "none", "--log", str(tmp_path / "log")]
    monkeypatch.setattr("sys.argv", ["standins", *arguments])
    setups: list[Setup] = []

    async def note(setup: Setup) -> int:
        setups.append(setup)
        return 0

    monkeypatch.setattr(program, "_run", note)
    monkeypatch.setattr(program.logging, "basicConfig", lambda **_: None)
    assert program.main() == 0
    assert [port.number for port in setups[0].behaviour.ports] == ports
    assert setups[0].pod.workload == workload.rpartition("/")[2]
