"""Calls services from inside a pod's network, as that pod; run by `mesh_identities.py` and never imported.

Without `--load` the calls come as JSON on standard input, and what became of each goes to standard output. With it, one
of them is repeated until standard input ends, and so often at least, and what was answered is counted.
"""

import argparse
import http.client
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import grpc

PATIENCE = 5.0


class Client(Protocol):
    """A client of one service; it returns the status and the version of each answer."""

    def ask(self) -> tuple[str, str]: ...


class Grpc:
    """A channel to one service."""

    def __init__(self, call: dict[str, Any]) -> None:
        # The authority is the name that the shop dials, the address what the name stands for.
        options = [("grpc.default_authority", f"{call['name']}:{call['port']}"), ("grpc.use_local_subchannel_pool", 1)]
        channel = grpc.insecure_channel(f"{call['address']}:{call['port']}", options)
        self._method = channel.unary_unary(call["call"])

    def ask(self) -> tuple[str, str]:
        try:
            answer = json.loads(self._method(b"{}", timeout=PATIENCE))
        except grpc.RpcError as error:
            return error.code().name, ""
        return "OK", str(answer["hops"][0]["version"])


class Http:
    """A connection to one service that is kept as long as it can be."""

    def __init__(self, call: dict[str, Any]) -> None:
        self._call = call
        self._connection = http.client.HTTPConnection(call["address"], call["port"], timeout=PATIENCE)

    def ask(self) -> tuple[str, str]:
        headers = {"Host": f"{self._call['name']}:{self._call['port']}", "Accept": "application/json"}
        self._connection.request("GET", self._call["call"], headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        is_json = answer.status == 200 and "json" in answer.headers.get("Content-Type", "")
        return str(answer.status), json.loads(body)["version"] if is_json else ""


class Redis:
    """A connection to a store for every question."""

    def __init__(self, call: dict[str, Any]) -> None:
        self._address = (call["address"], call["port"])

    def ask(self) -> tuple[str, str]:
        try:
            with socket.create_connection(self._address, PATIENCE) as connection:
                connection.sendall(b"*1\r\n$4\r\nPING\r\n")
                answer = connection.recv(64)
        except OSError:
            return "refused", ""
        return ("OK" if answer == b"+PONG\r\n" else "refused"), ""


KINDS: dict[str, Callable[[dict[str, Any]], Client]] = {"grpc": Grpc, "http": Http, "redis": Redis}


def load(call: dict[str, Any], workers: int, at_least: int, pause: float) -> Counter[tuple[str, str]]:
    """Repeat a call until standard input ends, and so often at least."""
    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()

    def work(_: int) -> Counter[tuple[str, str]]:
        client = KINDS[call["kind"]](call)
        counted: Counter[tuple[str, str]] = Counter()
        while not over.is_set() or counted.total() < at_least // workers:
            counted[client.ask()] += 1
            time.sleep(pause)
        return counted

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, range(workers)), Counter())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--load", help="a call as JSON")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--at-least", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two calls of a worker")
    arguments = parser.parse_args()
    if arguments.load:
        counts = load(json.loads(arguments.load), arguments.workers, arguments.at_least, arguments.pause)
        print(json.dumps([[*answer, count] for answer, count in counts.items()]))
    else:
        print(json.dumps([KINDS[request["kind"]](request).ask()[0] for request in json.load(sys.stdin)]))
