"""Locks of the image cache. The system lets go of them when their process ends, however that happens."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def share(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is created, together with others; waits for one who holds it alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@contextmanager
def hold_alone(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock alone; the file is created. `waiting` is called first if it is held by others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def hold_existing(path: Path) -> Iterator[bool]:
    """Hold the lock of a file together with others for as long as it is in use; False if the file was removed."""
    try:
        file = path.open()
    except FileNotFoundError:
        yield False
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield path.exists()


@contextmanager
def hold_if_unused(path: Path) -> Iterator[bool]:
    """Hold the lock of a file alone; False if it is in use."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
