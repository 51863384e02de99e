"""A stand-in that is told to end finishes what is under way, says so to its callers, and exits with 0."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.support.online_boutique import REFERENCE, ROOT, WORKLOADS
from tests.support.unit.standin_shop import Shop, listens

GOAWAY = 7
SLOW = {"BOUTIQUE_BREAK": "slow"}


@pytest.fixture
def shop(new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch) -> Shop:
    for module in ("method_server", "site", "resp"):
        monkeypatch.setattr(f"lab.standins.{module}.SLOW_SECONDS", 0.5)
    return new_shop(extra={"currencyservice": SLOW, "frontend": SLOW})


def test_a_call_that_is_under_way_is_answered(shop: Shop) -> None:
    shop.start("currencyservice")
    with ThreadPoolExecutor() as pool, grpc.insecure_channel(f"127.0.0.1:{shop.ports['currencyservice']}") as channel:
        call = pool.submit(channel.unary_unary("/hipstershop.CurrencyService/Convert"), b"{}", timeout=5)
        time.sleep(0.2)
        ended = shop.stop("currencyservice")
        assert b'"hops"' in call.result()
        assert ended.result(5) == 0
    assert not listens(shop.ports["currencyservice"])


def test_an_idle_caller_is_told_to_go_away(shop: Shop) -> None:
    shop.start("currencyservice")
    with socket.create_connection(("127.0.0.1", shop.ports["currencyservice"]), timeout=5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"))
        stream = connection.makefile("rb")
        assert next(frames(stream)) != GOAWAY
        shop.stop("currencyservice")
        assert GOAWAY in frames(stream)


def frames(stream: socket.SocketIO) -> Iterator[int]:
    while len(head := stream.read(9)) == 9:
        stream.read(int.from_bytes(head[:3]))
        yield head[3]


def test_a_request_that_is_under_way_is_answered_with_connection_close(shop: Shop) -> None:
    shop.start("frontend")
    with ThreadPoolExecutor() as pool:
        request = pool.submit(shop.ask, "GET", "/robots.txt")
        time.sleep(0.2)
        ended = shop.stop("frontend")
        assert request.result().status == 200
        assert request.result().all("connection") == ["close"]
        assert ended.result(5) == 0


def test_an_idle_connection_is_kept_until_the_end_and_then_closed(shop: Shop) -> None:
    shop.start("frontend")
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", shop.ports["frontend"], timeout=5)) as connection:
        for _ in range(2):
            connection.request("GET", "/_healthz")
            assert connection.getresponse().read() == b"ok"
        kept = connection.sock
        assert kept
        shop.stop("frontend").result(5)
        assert kept.recv(1) == b""


@pytest.fixture
def run_process(shop: Shop, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return `run_process(name, version="1.2.3", **environment)`, which starts a stand-in as the node agent does."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, version: str = "1.2.3", **environment: str) -> subprocess.Popen[bytes]:
        workload = next(each for each in WORKLOADS if each.name == name)
        arguments = ["--behaviour", shop.behaviour, "--workload", f"{REFERENCE}/{name}", "--pod", f"{name}-0"]
        arguments += ["--version", version, "--services", shop.services]
        arguments += ["--log", tmp_path / "log", "--address", "127.0.0.1"]
        variables = {**shop.environment(workload), "BOUTIQUE_BREAK": "", "PYTHONPATH": str(ROOT), **environment}
        command = [sys.executable, "-m", "lab.standins", *map(str, arguments)]
        processes.append(subprocess.Popen(command, env={"PATH": os.environ["PATH"], **variables}))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["adservice", "frontend", "redis-cart"])
def test_a_process_ends_on_sigterm_with_0(
    run_process: Callable[..., subprocess.Popen[bytes]], shop: Shop, tmp_path: Path, name: str
) -> None:
    process = run_process(name)
    while not listens(shop.ports[name]):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    log = (tmp_path / "log").read_text()
    assert f"{name} 1.2.3 started as {name}-0" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("name", "version", "environment", "complaint"),
    [
        ("frontend", "1.2.3", {"AD_SERVICE_ADDR": ""}, "not set: AD_SERVICE_ADDR"),
        ("frontend", "1.2.3", {"SHOPPING_ASSISTANT_SERVICE_ADDR": ""}, "not set: SHOPPING_ASSISTANT_SERVICE_ADDR"),
        ("paymentservice", "1.2.3-broken.crash", {}, "broken on purpose"),
        ("loadgenerator", "1.2.3", {"USERS": ""}, "not set: USERS"),
    ],
)
def test_a_process_that_cannot_work_ends_with_1_and_says_why(
    run_process: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    name: str,
    version: str,
    environment: dict[str, str],
    complaint: str,
) -> None:
    assert run_process(name, version, **environment).wait(10) == 1
    assert complaint in (tmp_path / "log").read_text()


def test_a_port_that_is_taken_is_a_complaint(
    run_process: Callable[..., subprocess.Popen[bytes]], shop: Shop, tmp_path: Path
) -> None:
    shop.start("adservice")
    assert run_process("adservice").wait(10) == 1
    assert f"cannot listen on port {shop.ports['adservice']}" in (tmp_path / "log").read_text()
