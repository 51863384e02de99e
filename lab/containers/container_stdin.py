"""The stdin of containers that have `stdin: true`: a pipe with a name, so that it outlives the node agent.

`kubectl attach -i` writes into it. A container holds both ends of its pipe: it waits for more when a client has gone.
With `stdinOnce`, the node agent holds the other end, until the first client ends its input.
"""

import os
from contextlib import suppress
from pathlib import Path

_held: dict[Path, int] = {}
"""The ends for writing of pipes whose first client is still to come."""


def stdin_path(pod_folder: Path, container: str) -> Path:
    """Return the path of a container's pipe."""
    return pod_folder / "containers" / f"{container}-stdin"


def open_stdin(path: Path, *, once: bool) -> int:
    """Return a descriptor of a container's pipe, which is made and empty, for the container.

    Args:
        path: Its path.
        once: Whether it ends with the input of the first client.
    """
    end_stdin(path)
    with suppress(FileNotFoundError):
        path.unlink()
    os.mkfifo(path, mode=0o600)
    if not once:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    _held[path] = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def open_for_writing(path: Path) -> int:
    """Return a descriptor for what a client types, which does not block.

    Raises:
        OSError: The container has ended.
    """
    return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def end_stdin(path: Path) -> None:
    """Let go of the pipe of a container with `stdinOnce`: it ends when no client writes to it any more."""
    if (descriptor := _held.pop(path, None)) is not None:
        os.close(descriptor)
