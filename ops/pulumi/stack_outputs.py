"""Caches the outputs of stacks: several environments read the stack of their common cluster."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from support.deadline import Deadline

Read = Callable[[str, Deadline], Mapping[str, Any]]


class Once:
    """Reads each stack once.

    Args:
        read: Returns the outputs of a stack.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._outputs: dict[str, Mapping[str, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def __call__(self, stack: str, deadline: Deadline) -> Mapping[str, Any]:
        """Return the outputs of a stack; a failed read is not cached."""
        name = stack.rpartition("/")[2]
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._outputs:
                self._outputs[name] = self._read(stack, deadline)
            return self._outputs[name]
