"""Visitors who ask at a steady rate while something is measured."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

VISITORS = 5


@dataclass
class Load:
    """What became of the requests.

    Attributes:
        answered: How many were answered with status 200.
        failed: How many were not.
    """

    answered: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.answered + self.failed} requests, {self.failed} failed"


@contextmanager
def load(connect: Callable[[], HTTPConnection], path: str, per_second: int) -> Iterator[Load]:
    """Have visitors ask until the block ends, each over a connection that is kept.

    Args:
        connect: Opens a connection.
        path: What they ask for.
        per_second: How often, all together.
    """
    found, over, lock = Load(), threading.Event(), threading.Lock()

    def visit() -> None:
        connection: HTTPConnection | None = None
        pause, due = VISITORS / per_second, time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            due = max(due + pause, time.monotonic())
            try:
                connection = connection or connect()
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                good = response.status == 200
                if response.will_close:
                    connection.close()
                    connection = None
            except (OSError, HTTPException):
                good, connection = False, None
            with lock:
                if good:
                    found.answered += 1
                else:
                    found.failed += 1

    visitors = [threading.Thread(target=visit) for _ in range(VISITORS)]
    for each in visitors:
        each.start()
    try:
        yield found
    finally:
        over.set()
        for each in visitors:
            each.join()
