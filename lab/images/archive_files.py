"""The files of an archive of images: those of a folder, or of a tar archive."""

import json
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from lab.images.image_errors import UnusableImageError

_LARGEST_JSON = 8 * 2**20


class ArchiveFiles(Protocol):
    """The files, by their paths within the archive."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file, for any thread.

        Raises:
            UnusableImageError: It is not there.
        """

    def size(self, name: str) -> int | None:
        """Return the size of a file; None if it is not there."""


class FolderFiles:
    """The files below a folder.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file; one outside of the folder is taken for missing."""
        path = self._path(name)
        if path is None:
            raise _missing(name)
        with path.open("rb") as file:
            yield file

    def size(self, name: str) -> int | None:
        """Return the size of a file; None if it is not there."""
        path = self._path(name)
        return None if path is None else path.stat().st_size

    def _path(self, name: str) -> Path | None:
        path = (self._root / name).resolve()
        return path if path.is_relative_to(self._root) and path.is_file() else None


class TarFiles:
    """The files of a tar archive that is not compressed.

    Args:
        path: The archive.

    Raises:
        UnusableImageError: It is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with tarfile.open(path, "r:") as archive:
                self._members = {member.name.removeprefix("./"): member for member in archive.getmembers()}
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise UnusableImageError(f"it is no tar archive: {error}") from None

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file."""
        if name not in self._members:
            raise _missing(name)
        with tarfile.open(self._path, "r:") as archive:
            try:
                content = archive.extractfile(self._members[name])
            except KeyError:
                content = None
            if content is None:
                raise _missing(name)
            with content:
                yield cast(BinaryIO, content)

    def size(self, name: str) -> int | None:
        """Return the size of a file; None if it is not there."""
        return self._members[name].size if name in self._members else None


def read_file(files: ArchiveFiles, name: str) -> bytes:
    """Return the content of a small file.

    Raises:
        UnusableImageError: It is not there, or too large.
    """
    with files.open(name) as file:
        content = file.read(_LARGEST_JSON + 1)
    if len(content) > _LARGEST_JSON:
        raise UnusableImageError(f"its {name} is larger than {_LARGEST_JSON} bytes")
    return content


def parse_json(content: bytes, name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the content of a file as JSON.

    Raises:
        UnusableImageError: It is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UnusableImageError(f"its {name} is no JSON") from None


def _missing(name: str) -> UnusableImageError:
    return UnusableImageError(f"it has no file {name}")
