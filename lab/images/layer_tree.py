"""Writes the folders and files of a layer so that overlayfs, mounted without privileges, takes them as a lower layer.

https://docs.kernel.org/filesystems/overlayfs.html, the mount option `userxattr`. A layer removes what is below it by
whiteouts (https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts): see lab.images.overlay_marks.
"""

import os
import posixpath
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Protocol

from lab.images.image_errors import UnusableImageError
from lab.images.overlay_marks import create_whiteout, mark_opaque

_PIECE = 2**20
_PRIVATE_FOLDER = 0o700
_IMPLIED_MODE = 0o755
"""Of folders that a layer has files in, but no entry for."""
_FILE_MODES = 0o777
"""Without set-user-ID and set-group-ID: the files belong to the lab's user, who would lend others the own rights."""
_FOLDER_MODES = 0o1777
_LATEST = 2**33
_NANOSECONDS = 10**9


class _Kind(Enum):
    FOLDER = "a folder"
    FILE = "a file"
    LINK = "a symbolic link"


class Readable(Protocol):
    """The content of a file."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


class LayerTree:
    """A layer that is being written, in a new folder.

    Nothing is written through a link: what the layer has is remembered, and only its own folders are entered.
    Everything belongs to the user who writes it, as no other user can own files in the lab's user namespace.

    Args:
        root: The folder; it is created.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=_PRIVATE_FOLDER)
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        self._kinds = {"": _Kind.FOLDER}
        self._folders: dict[str, tuple[int, float]] = {"": (_IMPLIED_MODE, 0)}
        self._whiteouts: set[str] = set()
        self._opaque: set[str] = set()

    def close(self) -> None:
        """Close the folder."""
        os.close(self._root)

    def add_folder(self, path: str, mode: int, modified: float) -> None:
        """Add a folder, or change the one that is there."""
        if self._kinds.get(path) is not _Kind.FOLDER:
            self._make_way(path)
            self._create_folder(path)
        self._folders[path] = (mode & _FOLDER_MODES, modified)

    def add_file(self, path: str, mode: int, modified: float, size: int, content: Readable) -> None:
        """Add a regular file.

        Raises:
            UnusableImageError: The content ends early, or the path is impossible.
        """
        self._make_way(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600, dir_fd=self._root)
        try:
            left = size
            while left:
                piece = content.read(min(left, _PIECE))
                if not piece:
                    raise UnusableImageError(f"the layer ends within {path!r}")
                left -= len(piece)
                while piece:
                    piece = piece[os.write(descriptor, piece) :]
            os.fchmod(descriptor, mode & _FILE_MODES)
            os.utime(descriptor, ns=_times(modified))
        finally:
            os.close(descriptor)
        self._kinds[path] = _Kind.FILE

    def add_pipe(self, path: str, mode: int, modified: float) -> None:
        """Add a named pipe."""
        self._make_way(path)
        os.mkfifo(path, 0o600, dir_fd=self._root)
        os.chmod(path, mode & _FILE_MODES, dir_fd=self._root)
        os.utime(path, ns=_times(modified), dir_fd=self._root)
        self._kinds[path] = _Kind.FILE

    def add_link(self, path: str, target: str, modified: float) -> None:
        """Add a symbolic link. Its target may be anything: the container resolves it within its own root."""
        self._make_way(path)
        os.symlink(target, path, dir_fd=self._root)
        os.utime(path, ns=_times(modified), dir_fd=self._root, follow_symlinks=False)
        self._kinds[path] = _Kind.LINK

    def add_hard_link(self, path: str, target: str) -> None:
        """Add another name of a file of this layer.

        Raises:
            UnusableImageError: The layer has no such file.
        """
        kind = self._kinds.get(target)
        if kind in (None, _Kind.FOLDER) or path == target:
            raise UnusableImageError(f"the layer has a hard link {path!r} to {target!r}, which is no file of the layer")
        self._make_way(path)
        os.link(target, path, src_dir_fd=self._root, dst_dir_fd=self._root, follow_symlinks=False)
        self._kinds[path] = self._kinds[target]

    def remove_below(self, path: str) -> None:
        """Remove what lower layers have at a path. What this layer has there stays, in any order."""
        self._whiteouts.add(path)

    def remove_all_below(self, folder: str) -> None:
        """Remove what lower layers have in a folder. What this layer has there stays, in any order."""
        self._opaque.add(folder)

    def finish(self) -> bool:
        """Write whiteouts and the folders' attributes; return whether the layer removes everything below it.

        Raises:
            UnusableImageError: A path is impossible.
        """
        for folder in self._opaque:
            self._enter(folder)
        self._opaque |= {path for path in self._whiteouts if self._kinds.get(path) is _Kind.FOLDER}
        removed: set[str] = set()
        # An outer path comes first, and nothing is left to remove in it.
        for path in sorted(self._whiteouts - self._kinds.keys()):
            folder = posixpath.dirname(path)
            if folder not in self._opaque and removed.isdisjoint(_ancestors(folder)):
                self._enter(folder)
                create_whiteout(self._root, path)
                removed.add(path)
        for folder in self._opaque - {""}:
            mark_opaque(self._root, folder)
        # Inner folders first: an outer one may then become read-only.
        for folder, (mode, modified) in sorted(self._folders.items(), reverse=True):
            os.utime(folder or ".", ns=_times(modified), dir_fd=self._root)
            os.chmod(folder or ".", mode, dir_fd=self._root)
        return "" in self._opaque

    def _make_way(self, path: str) -> None:
        """Make sure that something may be created at a path.

        Raises:
            UnusableImageError: The path leads through something that is no folder, or is that of a folder.
        """
        self._enter(posixpath.dirname(path))
        if self._kinds.get(path) is _Kind.FOLDER:
            raise UnusableImageError(f"the layer has {path or '/'!r} twice: as a folder, and as something else")
        if path in self._kinds:
            os.unlink(path, dir_fd=self._root)

    def _enter(self, folder: str) -> None:
        """Make sure that a folder is there, and every folder that it is in."""
        if self._kinds.get(folder) is _Kind.FOLDER:
            return
        for path in _ancestors(folder):
            kind = self._kinds.get(path)
            if kind is None:
                self._create_folder(path)
            elif kind is not _Kind.FOLDER:
                raise UnusableImageError(f"the layer writes through {path!r}, which is {kind.value}")

    def _create_folder(self, path: str) -> None:
        os.mkdir(path, _PRIVATE_FOLDER, dir_fd=self._root)
        self._kinds[path] = _Kind.FOLDER
        self._folders[path] = (_IMPLIED_MODE, 0)


def _ancestors(folder: str) -> Iterable[str]:
    """Return a folder and those that it is in, the outermost first."""
    parts = folder.split("/")
    return ("/".join(parts[: number + 1]) for number in range(len(parts)))


def _times(modified: float) -> tuple[int, int]:
    # In this order, 0 is taken for what is no number.
    nanoseconds = int(min(max(0, modified), _LATEST) * _NANOSECONDS)
    return nanoseconds, nanoseconds
