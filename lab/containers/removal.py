"""Removes what containers wrote: also folders that they made unreadable, as an overlay makes its own."""

import os
import shutil
from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove a folder with everything in it, links themselves and never what they lead to; none is no error."""
    if not os.path.lexists(folder):
        return
    _open(folder)
    for root, names, _ in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if not path.is_symlink():
                _open(path)
    shutil.rmtree(folder, ignore_errors=True)


def _open(folder: Path) -> None:
    """Let the owner of a folder look inside and remove what is there."""
    mode = folder.lstat().st_mode
    if mode & 0o700 != 0o700:
        folder.chmod(mode | 0o700)
