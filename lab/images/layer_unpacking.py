"""Unpacks the archive of a layer: checks it, and refuses what no image needs.

https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
"""

import posixpath
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, cast

from lab.images.image_errors import UnusableImageError
from lab.images.layer_streams import DECOMPRESSION_ERRORS, LayerStream, decompressed
from lab.images.layer_tree import LayerTree, Readable

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RESERVED = ".wh..wh."
_MOST_FILES = 1_000_000
"""In a layer. The largest images have 300,000, and each takes an inode and memory while it is unpacked."""
_BUFFER = 2**16
_BROKEN = (
    tarfile.TarError,
    *DECOMPRESSION_ERRORS,
    # `tarfile` raises them for some invalid headers.
    ValueError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, kw_only=True)
class LayerSummary:
    """What a layer is, once it is unpacked.

    Attributes:
        size: Bytes of its archive, unpacked.
        files: How many files, folders and links it has.
        hides_all: Whether it removes everything below it. Overlayfs takes no such mark at the root of a layer, so what
            is below is not to be mounted.
    """

    size: int
    files: int
    hides_all: bool


class _Entry(tarfile.TarInfo):
    """An entry of an archive that must not end with garbage, which `tarfile` takes for its end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf.strip(b"\0"):
                raise UnusableImageError(f"a layer is no tar archive: {error}") from None
            raise


def unpack_layer(archive: BinaryIO, folder: Path, diff_id: str, advance: Callable[[int], object]) -> LayerSummary:
    """Unpack a layer into a new folder.

    Args:
        archive: The archive, as it is or compressed.
        folder: Where to unpack it; has to be removed if there is an error.
        diff_id: The digest that the unpacked archive has to have.
        advance: Called with the size of each piece that is unpacked.

    Raises:
        UnusableImageError: The archive is broken or dangerous, or has another digest.
        OSError: It cannot be written.
    """
    tree = LayerTree(folder)
    try:
        with decompressed(archive) as source:
            stream = LayerStream(source, advance)
            files = _unpack(stream, tree)
            stream.read_rest()
        if stream.digest != diff_id:
            raise UnusableImageError(f"its layer {diff_id} has the content of {stream.digest}")
        return LayerSummary(size=stream.size, files=files, hides_all=tree.finish())
    except _BROKEN as error:
        raise UnusableImageError(f"its layer {diff_id} cannot be unpacked: {error}") from None
    finally:
        tree.close()


def _unpack(stream: LayerStream, tree: LayerTree) -> int:
    files = 0
    with tarfile.open(
        fileobj=cast(BinaryIO, stream),
        mode="r|",
        bufsize=_BUFFER,
        tarinfo=_Entry,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        while entry := archive.next():
            files += 1
            if files > _MOST_FILES:
                raise UnusableImageError(f"a layer has more than {_MOST_FILES} files, the most that is accepted")
            if entry.size < 0 or "\0" in entry.name + entry.linkname:
                raise UnusableImageError(f"a layer has an invalid header for {entry.name!r}")
            stream.start_content(entry.size)
            _add(archive, entry, tree)
            stream.start_headers()
            # It would keep every entry.
            vars(archive)["members"].clear()
    return files


def _add(archive: tarfile.TarFile, entry: tarfile.TarInfo, tree: LayerTree) -> None:
    path = _inner_path(entry.name)
    folder, name = posixpath.split(path)
    if name.startswith(_WHITEOUT):
        _add_whiteout(tree, folder, name)
    elif entry.isdir():
        tree.add_folder(path, entry.mode, entry.mtime)
    elif not path:
        raise UnusableImageError(f"a layer has an entry {entry.name!r} that is no folder")
    elif entry.isreg():
        tree.add_file(path, entry.mode, entry.mtime, entry.size, _content(archive, entry))
    elif entry.issym():
        tree.add_link(path, entry.linkname, entry.mtime)
    elif entry.islnk():
        tree.add_hard_link(path, _inner_path(entry.linkname))
    elif entry.isfifo():
        tree.add_pipe(path, entry.mode, entry.mtime)
    elif entry.isdev():
        raise UnusableImageError(f"a layer has a device {entry.name!r}; a container gets its devices from the lab")
    else:
        raise UnusableImageError(f"a layer has {entry.name!r} of the unknown type {entry.type!r}")


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Readable:
    # What is read from the archive itself is not copied once more.
    content = archive.extractfile(entry) if entry.issparse() else archive.fileobj
    if content is None:
        raise UnusableImageError(f"a layer has no content for {entry.name!r}")
    return content


def _add_whiteout(tree: LayerTree, folder: str, name: str) -> None:
    removed = name.removeprefix(_WHITEOUT)
    if name == _OPAQUE:
        tree.remove_all_below(folder)
    elif name.startswith(_RESERVED):
        # Other marks of AUFS, which mean nothing to a container.
        return
    elif removed in ("", ".", ".."):
        raise UnusableImageError(f"a layer has a whiteout {name!r} that removes no file")
    else:
        tree.remove_below(posixpath.join(folder, removed))


def _inner_path(name: str) -> str:
    """Return a path within the layer; empty for its root.

    Raises:
        UnusableImageError: It leads out of the layer.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UnusableImageError(f"a layer has a path {name!r}, which leads out of the image")
    return "/".join(parts)
