"""Has the kernel write to the disk what it keeps in memory still."""

import ctypes
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)


def write_back(folder: Path) -> None:
    """Wait until everything on the file system of a folder is on its disk: syncfs(2).

    One call for all files: an fsync(2) of each of thousands takes far longer.

    Raises:
        OSError: The disk has failed, or is full.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _LIBC.syncfs(descriptor) < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
