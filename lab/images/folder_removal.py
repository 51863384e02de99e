"""Removes unpacked layers, whose folders may be read-only."""

import os
import shutil
from pathlib import Path


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours with everything in it; nothing happens if it is not there.

    Raises:
        OSError: It cannot be removed.
    """
    if not folder.exists():
        return
    folder.chmod(0o700)
    # It lists a folder only after the folder was made readable and writable, in that around it.
    for path, _, _ in os.walk(folder):
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    Path(entry.path).chmod(0o700)
    shutil.rmtree(folder)
