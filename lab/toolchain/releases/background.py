"""Runs jobs side by side, in threads that never keep the process from ending."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Background(Generic[Result]):
    """Jobs that run in daemon threads: an interrupted process waits neither for a server nor for a name to be resolved.

    Args:
        jobs: The functions to run.
        at_once: How many run at a time.
    """

    def __init__(self, jobs: Iterable[Callable[[], Result]], at_once: int) -> None:
        self._jobs: queue.SimpleQueue[tuple[int, Callable[[], Result]]] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Result | Exception]] = queue.SimpleQueue()
        self._unfinished = 0
        for job in enumerate(jobs):
            self._jobs.put(job)
            self._unfinished += 1
        for _ in range(min(at_once, self._unfinished)):
            threading.Thread(target=self._work, daemon=True).start()

    def results(self, seconds: float) -> Iterator[tuple[int, Result | Exception] | None]:
        """Yield each job's number with its result or exception; None when no job has ended for a while.

        Args:
            seconds: After how long without a result to yield None.
        """
        while self._unfinished:
            try:
                result = self._results.get(timeout=seconds)
            except queue.Empty:
                yield None
            else:
                self._unfinished -= 1
                yield result

    def _work(self) -> None:
        while True:
            try:
                number, job = self._jobs.get_nowait()
            except queue.Empty:
                return
            try:
                self._results.put((number, job()))
            except Exception as error:
                self._results.put((number, error))
