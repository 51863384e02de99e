"""The store's stand-in speaks RESP, and forgets nothing that the cart needs."""

import socket
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from lab.standins.store import MemoryStore, StoreError
from tests.support.unit.standin_shop import Shop


@pytest.fixture
def stream(shop: Shop) -> Iterator[BinaryIO]:
    with socket.create_connection(("127.0.0.1", shop.ports["redis-cart"]), timeout=5) as connection:
        yield cast("BinaryIO", connection.makefile("rwb", buffering=0))


def exchange(stream: BinaryIO, command: bytes, size: int) -> bytes:
    stream.write(command)
    answer = b""
    while len(answer) < size and (more := stream.read(size - len(answer))):
        answer += more
    return answer


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n"),
        (b"PING\r\n", b"+PONG\r\n"),
        (b"*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n", b"$2\r\nhi\r\n"),
        (b"*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\na\r\n", b"+OK\r\n"),
        (b"*2\r\n$3\r\nGET\r\n$7\r\nmissing\r\n", b"$-1\r\n"),
        (
            b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\xc3\xa9\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
            b"+OK\r\n$2\r\n\xc3\xa9\r\n",
        ),
        (b"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$1\r\n1\r\n", b":1\r\n"),
        (b"*2\r\n$3\r\nGET\r\n", b""),
        (b"NONSENSE\r\n", b"-ERR unknown command 'nonsense'\r\n"),
        (b"GET\r\n", b"-ERR wrong arguments for 'get' command\r\n"),
    ],
)
def test_the_wire(stream: BinaryIO, command: bytes, answer: bytes) -> None:
    assert exchange(stream, command, len(answer)) == answer


def test_an_error_leaves_the_connection_usable(stream: BinaryIO) -> None:
    answer = b"-ERR unknown command 'nonsense'\r\n+PONG\r\n"
    assert exchange(stream, b"NONSENSE\r\nPING\r\n", len(answer)) == answer


def test_info_says_what_it_is(stream: BinaryIO) -> None:
    assert b"redis_version:" in exchange(stream, b"INFO\r\n", 50)


def test_texts_and_hashes() -> None:
    store = MemoryStore()
    assert store.execute(["SET", "a", "1"]) == "OK"
    assert store.execute(["get", "a"]) == "1"
    assert store.execute(["HSET", "h", "f", "1", "g", "2"]) == 2
    assert store.execute(["HSET", "h", "f", "3"]) == 0
    assert store.execute(["HGET", "h", "f"]) == "3"
    assert store.execute(["HINCRBY", "h", "f", "4"]) == 7
    assert store.execute(["HGETALL", "h"]) == ["f", "7", "g", "2"]
    assert store.execute(["EXISTS", "a", "h", "x"]) == 2
    assert store.execute(["DEL", "a", "h", "x"]) == 2
    assert store.execute(["HGETALL", "h"]) == []


@pytest.mark.parametrize("words", [["HSET", "h", "f"], ["HINCRBY", "h", "f", "x"], ["SET", "a"], ["FLUSHALL"]])
def test_what_it_refuses(words: list[str]) -> None:
    with pytest.raises(StoreError, match="ERR"):
        MemoryStore().execute(words)


def test_a_restarted_store_is_found_again_without_an_error(shop: Shop) -> None:
    for _ in range(2):
        assert shop.ask("GET", "/cart").status == 200
        shop.stop("redis-cart").result(5)
        shop.start("redis-cart")
