"""`kubectl logs`: the end of a container's log, and what is added to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BLOCK = 2**16
_PAUSE = 0.1
_TIMED = {"timestamps": "--timestamps", "sinceSeconds": "--since", "sinceTime": "--since-time"}


@dataclass(frozen=True)
class Extract:
    """The part of a log that a client asks for: PodLogOptions of the Kubernetes API.

    Attributes:
        follow: Whether to wait for more until the container ends.
        previous: Whether the log of the container's last process is meant, before it was started again.
        lines: How many lines at the end; all if not given.
        size: How many bytes at most; all if not given.
    """

    follow: bool = False
    previous: bool = False
    lines: int | None = None
    size: int | None = None


def extract(query: Mapping[str, str]) -> Extract:
    """Return what a request asks for.

    Raises:
        ValueError: It asks for an option that the lab does not support.
    """
    for name, option in _TIMED.items():
        if query.get(name, "false") != "false":
            message = f"the lab notes no times of lines: leave {option} out"
            raise ValueError(message)
    return Extract(
        follow=query.get("follow") == "true",
        previous=query.get("previous") == "true",
        lines=int(query["tailLines"]) if "tailLines" in query else None,
        size=int(query["limitBytes"]) if "limitBytes" in query else None,
    )


async def read(path: Path, options: Extract, ended: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Return a log in parts, as they come.

    Args:
        path: The log.
        options: The part of it.
        ended: Says whether its container has ended.

    Raises:
        OSError: There is no such log.
    """
    remaining = options.size
    with path.open("rb") as log:
        log.seek(0 if options.lines is None else last_lines(log, options.lines))
        while remaining is None or remaining > 0:
            complete = ended()
            part = log.read(_BLOCK if remaining is None else min(_BLOCK, remaining))
            if part:
                remaining = None if remaining is None else remaining - len(part)
                yield part
            elif complete or not options.follow:
                return
            else:
                await asyncio.sleep(_PAUSE)


def last_lines(log: BinaryIO, count: int) -> int:
    """Return where the last lines of a file begin."""
    offset = log.seek(0, 2)
    if count <= 0:
        return offset
    # The end of the last line ends no line before it.
    remaining, at_end = count, True
    while offset > 0:
        size = min(_BLOCK, offset)
        offset = log.seek(offset - size)
        block = log.read(size)
        end = len(block) - 1 if at_end and block.endswith(b"\n") else len(block)
        at_end = False
        while (newline := block.rfind(b"\n", 0, end)) >= 0:
            remaining, end = remaining - 1, newline
            if remaining == 0:
                return offset + newline + 1
    return 0
