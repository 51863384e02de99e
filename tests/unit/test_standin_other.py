"""Another application works too, with another behaviour: here two workloads that talk HTTP."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.http import HttpRequest, Response
from lab.standins.answers import Pod
from lab.standins.behaviour import Behaviour, ServedPort, Site, StandinRoute, read, render
from lab.standins.directory import Directory, Endpoint
from lab.standins.http_client import HttpConnection
from lab.standins.setup import Setup
from lab.standins.standin import run
from lab.standins.standin_call import StandinCall
from tests.support.unit.standin_shop import free_port

QUOTE = StandinRoute(path="/quote", verbs=("POST",), machine=True)
WEB = Behaviour(
    site=Site(
        routes=(
            StandinRoute(path="/", calls=(StandinCall(variable="API", path="/quote"),), machine=True),
            StandinRoute(
                path="/bare",
                calls=(StandinCall(variable="API", path="/quote", baggage=False, trace=False),),
                machine=True,
            ),
            StandinRoute(path="/wrong", calls=(StandinCall(variable="API", path="/else"),), machine=True),
        )
    )
)
HEADERS = (("baggage", "feature=x"), ("traceparent", "00-1-2-01"))


async def ask(port: int, path: str) -> Response:
    connection = HttpConnection()
    try:
        request = HttpRequest(verb="GET", target=path, headers=HEADERS)
        return await connection.send(Endpoint("127.0.0.1", port, "web:80"), request)
    finally:
        connection.close()


def answers(folder: Path, *paths: str) -> list[tuple[int, dict[str, Any]]]:
    ports = {"web": free_port(), "api": free_port()}
    behaviours = {"web": WEB, "api": Behaviour(site=Site(routes=(QUOTE,)))}
    served = {name: (ServedPort(number=port, protocol="http"),) for name, port in ports.items()}
    document = render({name: replace(behaviour, ports=served[name]) for name, behaviour in behaviours.items()})
    services = folder / "services.json"
    services.write_text(json.dumps(dict.fromkeys(ports, "127.0.0.1")))

    async def talk() -> list[Response]:
        end = asyncio.Event()
        setups = [
            Setup(
                pod=Pod(workload=name, version="1", pod=f"{name}-0"),
                behaviour=read(document, name) or Behaviour(),
                environment={"API": f"api:{ports['api']}"},
                directory=Directory(services),
                address="127.0.0.1",
            )
            for name in ports
        ]
        tasks = [asyncio.create_task(run(setup, end)) for setup in setups]
        await asyncio.sleep(0.3)
        responses = [await ask(ports["web"], path) for path in paths]
        end.set()
        assert await asyncio.gather(*tasks) == [0, 0]
        return responses

    return [(response.status, json.loads(response.body)) for response in asyncio.run(talk())]


def test_calls_over_http_carry_what_they_should(tmp_path: Path) -> None:
    (status, page), (_, bare) = answers(tmp_path, "/", "/bare")
    assert status == 200
    ways = [(hop["caller"], hop["workload"], hop["call"], hop["baggage"], hop["traceparent"]) for hop in page["hops"]]
    assert ways[1:] == [("web", "api", "POST /quote", "feature=x", "00-1-2-01")]
    assert [(hop["baggage"], hop["traceparent"]) for hop in bare["hops"][1:]] == [(None, None)]


def test_an_http_error_of_a_callee_is_a_failure(tmp_path: Path) -> None:
    ((status, page),) = answers(tmp_path, "/wrong")
    assert status == 500
    assert page["error"].startswith("/else of api:")
    assert page["error"].endswith(": HTTP status 404")
    assert page["hops"][1]["status"] == "UNKNOWN"


@pytest.mark.parametrize("sent", [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_not_http_is_hung_up_on(tmp_path: Path, sent: bytes) -> None:
    async def talk() -> bytes:
        served = ServedPort(number=(port := free_port()), protocol="http")
        behaviour = Behaviour(ports=(served,), site=Site(routes=(QUOTE,)))
        end, pod = asyncio.Event(), Pod(workload="api", version="1", pod="api-0")
        setup = Setup(
            pod=pod, behaviour=behaviour, environment={}, directory=Directory(tmp_path / "none"), address="127.0.0.1"
        )
        task = asyncio.create_task(run(setup, end))
        await asyncio.sleep(0.2)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        said = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        end.set()
        await task
        return said

    assert asyncio.run(talk()).startswith(b"HTTP/1.1 400 ")
