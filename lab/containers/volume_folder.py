"""The folder of a volume whose files are replaced together, as a kubelet lays it out.

The files are links into `..data`, itself a link to a folder that is never changed: one rename replaces all of them, and
a program sees the old files or the new ones.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

_DATA = "..data"


def write_volume(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Make these the files of a volume; it is left alone if it has them already.

    Args:
        folder: The volume.
        files: The content and the mode of each file, by its path.

    Raises:
        ValueError: A path leads out of the volume.
    """
    for path in files:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            message = f"the path {path} leads out of its volume"
            raise ValueError(message)
    data = folder / _DATA
    if data.is_symlink() and _read(data) == {path: content for path, (content, _) in files.items()}:
        return
    before = data.readlink().name if data.is_symlink() else None
    new = Path(tempfile.mkdtemp(prefix="..", dir=folder))
    new.chmod(0o755)
    for path, (content, mode) in files.items():
        target = new / path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    link = folder / f"{_DATA}_tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(new.name)
    link.rename(data)
    names = {PurePosixPath(path).parts[0] for path in files}
    for name in names:
        with suppress(FileExistsError):
            (folder / name).symlink_to(f"{_DATA}/{name}")
    for entry in list(folder.iterdir()):
        if entry.is_symlink() and not entry.name.startswith("..") and entry.name not in names:
            entry.unlink()
    if before:
        shutil.rmtree(folder / before, ignore_errors=True)


def _read(data: Path) -> dict[str, bytes]:
    files = {}
    for root, _, names in os.walk(data):
        for name in names:
            path = Path(root, name)
            files[str(path.relative_to(data))] = path.read_bytes()
    return files
