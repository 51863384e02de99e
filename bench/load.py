"""Simulated visitors who send requests at a steady rate during a measurement."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

VISITORS = 5


@dataclass
class LoadResult:
    """The results of the requests.

    Attributes:
        answered: How many were answered with status 200.
        failed: How many were not.
    """

    answered: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.answered + self.failed} requests, {self.failed} failed"


@contextmanager
def load(connect: Callable[[], HTTPConnection], path: str, per_second: int) -> Iterator[LoadResult]:
    """Have visitors send requests until the block ends, each over a connection that stays open.

    Args:
        connect: Opens a connection.
        path: The path of the requests.
        per_second: The requests of all visitors per second.
    """
    counts, stopped, lock = LoadResult(), threading.Event(), threading.Lock()

    def visit() -> None:
        connection: HTTPConnection | None = None
        pause, due = VISITORS / per_second, time.monotonic()
        while not stopped.wait(max(0.0, due - time.monotonic())):
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
                    counts.answered += 1
                else:
                    counts.failed += 1

    visitors = [threading.Thread(target=visit) for _ in range(VISITORS)]
    for thread in visitors:
        thread.start()
    try:
        yield counts
    finally:
        stopped.set()
        for thread in visitors:
            thread.join()
