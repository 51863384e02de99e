"""Derived stand-ins of a whole application talk to each other as the application says."""

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from boutique.application.application_file import parse_application
from lab.nodeagent import probes
from lab.nodeagent.probes import ContainerProbe
from tests.support.unit.standin_application import Standins, talk
from tests.unit.test_standin_behaviours import circle

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SENT = {"baggage": "feature=x", "traceparent": TRACEPARENT, "tracestate": "a=b"}


@pytest.fixture(scope="module")
def hops(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the hops of one request."""
    return talk(tmp_path_factory.mktemp("standins"), lambda standins: standins.hops("web", "http-web", "/x", **SENT))


def test_one_request_calls_every_callee_once_in_order(hops: list[dict[str, Any]]) -> None:
    assert [(hop["caller"], hop["workload"], hop["call"]) for hop in hops] == [
        (None, "web", "GET /x"),
        ("web", "api", "GET /v1/items"),
        ("api", "database", "TCP"),
        ("api", "queue", "TCP"),
        ("web", "api", "/api/Call"),
        ("api", "database", "TCP"),
        ("api", "queue", "TCP"),
        ("web", "queue", "TCP"),
        ("web", "cache", "PING"),
        ("web", "billing", "GET /"),
        ("web", "reports", "GET /"),
    ]
    assert {hop["status"] for hop in hops} == {"OK"}


def test_baggage_and_trace_go_along_but_where_they_are_lost(hops: list[dict[str, Any]]) -> None:
    carried = {(hop["workload"], hop["call"]): (hop["baggage"], hop["traceparent"]) for hop in hops if hop["version"]}
    lost = {edge for edge, values in carried.items() if values == (None, None)}
    assert lost == {("billing", "GET /")}
    assert {values for edge, values in carried.items() if edge not in lost} == {("feature=x", TRACEPARENT)}


def test_workloads_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    hops = talk(tmp_path, lambda standins: standins.hops("b", "http"), circle())
    assert [(hop["caller"], hop["workload"]) for hop in hops] == [(None, "b"), ("b", "a")]


def test_a_grpc_port_answers_any_method_and_the_health_check(tmp_path: Path) -> None:
    async def ask(standins: Standins) -> tuple[bytes, bytes]:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{standins.ports['api', 'internal']}") as channel:
            answer = await channel.unary_unary("/any.Thing/Whatever")(b"", metadata=(("baggage", "feature=y"),))
            return answer, await channel.unary_unary("/grpc.health.v1.Health/Check")(b"")

    answer, health = talk(tmp_path, ask)
    [first, *_] = json.loads(answer)["hops"]
    assert (first["workload"], first["call"], first["baggage"]) == ("api", "/any.Thing/Whatever", "feature=y")
    assert health == b"\x08\x01"


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/", 200),
        ("DELETE", "/a/b?c=d", 200),
        ("POST", "/orders", 201),
        ("GET", "/old", 301),
        ("GET", "/nothing", 404),
    ],
)
def test_pages_are_answered_as_the_smoke_test_wants_them(tmp_path: Path, verb: str, path: str, status: int) -> None:
    assert talk(tmp_path, lambda standins: standins.get("web", "http-web", path, verb)).status == status


def test_datagrams_and_bytes_come_back(tmp_path: Path) -> None:
    async def ask(standins: Standins) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", standins.ports["queue", "tcp-queue"])
        writer.write(b"a\x00b")
        echoed = await reader.readexactly(3)
        writer.close()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        class Client(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                del addr
                answer.set_result(data)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Client, remote_addr=("127.0.0.1", standins.ports["api", "dns"])
        )
        transport.sendto(b"question")
        try:
            return echoed, await answer
        finally:
            transport.close()

    assert talk(tmp_path, ask) == (b"a\x00b", b"question")


CHAIN = b"""
name: chain
entry: {workload: web}
workloads:
  web: {image: "r/a:1", ports: [{name: http, port: 80}], callsByName: [pipe]}
  pipe: {image: "r/b:1", ports: [{name: tcp, port: 81}], callsByName: [leaf]}
  leaf: {image: "r/c:1", ports: [{name: http, port: 82}]}
"""


def test_bytes_come_back_after_the_calls_that_they_cause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    chain = parse_application(CHAIN, "chain.yaml")
    with caplog.at_level("INFO"):
        assert talk(tmp_path, lambda standins: standins.get("web", "http"), chain).status == 200
        assert "GET /: 200" in caplog.messages
        failed = talk(tmp_path, lambda standins: standins.get("web", "http"), chain, without=("leaf",))
    assert failed.status == 500
    assert "TCP of pipe" in json.loads(failed.body)["error"]


def test_a_real_image_that_answers_is_a_callee_too(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")
        writer.close()

    async def ask(standins: Standins) -> list[dict[str, Any]]:
        async with await asyncio.start_server(answer, "127.0.0.1", standins.ports["a", "http"]):
            return await standins.hops("b", "http")

    [_, hop] = talk(tmp_path, ask, circle(), without=("a",))
    assert (hop["caller"], hop["workload"], hop["version"], hop["status"]) == ("b", "a", None, "OK")


def test_every_probe_passes_and_makes_no_call(tmp_path: Path) -> None:
    async def ask(standins: Standins) -> list[bool]:
        http = standins.ports["web", "http-web"]
        secure = standins.ports["billing", "https"]
        return [
            await probes.ask(probe, "127.0.0.1")
            for probe in (
                ContainerProbe("http", http, "/", timeout=5),
                ContainerProbe("http", secure, "/ready", tls=True, timeout=5),
                ContainerProbe("tcp", standins.ports["web", "grpc-admin"], timeout=5),
                ContainerProbe("grpc", standins.ports["api", "internal"], timeout=5),
                ContainerProbe("exec"),
            )
        ]

    # A page would fail: it calls workloads that do not run.
    assert talk(tmp_path, ask, without=("queue", "cache", "database")) == [True] * 5


def test_a_callee_that_does_not_run_fails_the_page_unless_it_is_optional(tmp_path: Path) -> None:
    without = talk(tmp_path, lambda standins: standins.get("web", "http-web"), without=("reports",))
    assert without.status == 200
    assert json.loads(without.body)["hops"][-1] | {"pod": None} == {
        **dict.fromkeys(("version", "pod", "baggage", "traceparent", "identity")),
        "caller": "web",
        "workload": "reports",
        "call": "/",
        "status": "UNAVAILABLE",
    }
    failed = talk(tmp_path, lambda standins: standins.get("web", "http-web"), without=("queue",))
    assert failed.status == 500
    assert "api" in json.loads(failed.body)["error"]


@pytest.mark.parametrize(("workload", "breakage"), [("queue", "error"), ("api", "error")])
def test_a_broken_version_of_a_callee_is_seen(tmp_path: Path, workload: str, breakage: str) -> None:
    versions = {workload: f"1.0.1-broken.{breakage}"}
    assert talk(tmp_path, lambda standins: standins.get("web", "http-web"), versions=versions).status == 500


def test_an_entry_shows_the_banner_and_who_was_called(tmp_path: Path) -> None:
    async def ask(standins: Standins) -> str:
        return (await standins.get("web", "http-web", "/", accept="text/html")).body.decode()

    page = talk(tmp_path, ask, extra={"web": {"WEB_BANNER": "feature x"}})
    assert "feature x" in page
    assert "/api/Call" in page


def test_a_variable_in_another_form_is_told(tmp_path: Path) -> None:
    extra = {"web": {"API_URL": "elsewhere"}}
    page = json.loads(talk(tmp_path, lambda standins: standins.get("web", "http-web"), extra=extra).body)
    assert "API_URL is 'elsewhere', which is not of the form" in page["error"]


def test_a_worker_calls_again_and_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lab.standins import worker

    pauses: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    class Clock:
        sleep = staticmethod(pause)

    monkeypatch.setattr(worker, "asyncio", Clock)

    async def ask(_: Standins) -> None:
        while sum("called queue, api, database, queue" in line for line in caplog.messages) < 2:
            await sleep(0.01)

    with caplog.at_level("INFO"):
        talk(tmp_path, ask)
    assert set(pauses) == {5.0}
