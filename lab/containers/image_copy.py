"""Copies the layers of an image over each other: for machines that do not let ordinary users mount overlays."""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path


def copy_layers(layers: Sequence[Path], target: Path) -> None:
    """Make a folder with the content that an overlay of the layers, lowest first, would show.

    Raises:
        OSError: The disk is full.
    """
    target.mkdir(mode=0o755)
    for layer in layers:
        _copy(layer, target)


def _copy(source: Path, target: Path) -> None:
    for entry in os.scandir(source):
        path, copy = Path(entry.path), target / entry.name
        information = entry.stat(follow_symlinks=False)
        is_folder = entry.is_dir(follow_symlinks=False)
        if not is_folder or not _is_folder(copy) or _is_opaque(path):
            _remove(copy)
        if _is_whiteout(path, information):
            # A whiteout: what is below is deleted, and nothing takes its place.
            continue
        if is_folder:
            copy.mkdir(exist_ok=True)
            _copy(path, copy)
            shutil.copystat(path, copy)
        else:
            shutil.copy2(path, copy, follow_symlinks=False)


def _remove(path: Path) -> None:
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_opaque(path: Path) -> bool:
    return _attribute(path, "opaque") == b"y"


def _is_whiteout(path: Path, information: os.stat_result) -> bool:
    if stat.S_ISCHR(information.st_mode):
        return information.st_rdev == 0
    # The other form, of machines that forbid devices: see lab.images.overlay_marks.
    return stat.S_ISREG(information.st_mode) and _attribute(path, "whiteout") is not None


def _attribute(path: Path, name: str) -> bytes | None:
    try:
        return os.getxattr(path, f"user.overlay.{name}", follow_symlinks=False)
    except OSError:
        return None
