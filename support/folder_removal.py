"""Removes folders with all that images and containers leave in them: read-only, unreadable and very deep ones."""

import itertools
import os
from pathlib import Path


def remove_folder(folder: Path) -> None:
    """Remove a folder of the user's own with everything in it; nothing happens if it is not there.

    Links are removed and never what they lead to. What was begun and killed goes on with the next call.

    Raises:
        OSError: It cannot be removed: something in it is a mount, or belongs to another user.
    """
    if not os.path.lexists(folder):
        return
    if folder.is_symlink():
        folder.unlink()
        return
    _unlock(folder)
    pending = [str(folder)]
    numbers = itertools.count()
    while pending:
        path = pending.pop()
        with os.scandir(path) as scan:
            entries = list(scan)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _unlock(Path(entry.path))
                pending.append(_lift(entry.path, folder, numbers) if path != str(folder) else entry.path)
            else:
                Path(entry.path).unlink()
        if path != str(folder):
            Path(path).rmdir()
    folder.rmdir()


def _unlock(folder: Path) -> None:
    """Let the owner of a folder look inside and remove what is in it."""
    if folder.lstat().st_mode & 0o700 != 0o700:
        folder.chmod(0o700)


def _lift(path: str, folder: Path, numbers: "itertools.count[int]") -> str:
    """Move a folder up to the top, and return its path: the kernel takes no path of more than 4096 bytes."""
    for number in numbers:
        target = folder / f".removed-{number}"
        if not os.path.lexists(target):
            Path(path).rename(target)
            return str(target)
    raise AssertionError
