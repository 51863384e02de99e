"""Reads the archives of layers: decompresses them, computes their digest, and limits how much a header may take."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import zstandard
from isal import igzip, igzip_lib

from lab.images.image_errors import UnusableImageError

_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_LARGEST_WINDOW = 2**27
"""Bytes of memory for zstd; what the program `zstd` takes without `--long`."""
_MOST_BYTES = 16 * 2**30
"""A layer with more is taken for an attack: the largest layers there are, for machine learning, have 10 GB."""
_MOST_HEADER_BYTES = 2**20 + 2**17
"""Between the content of two files: Linux takes extended attributes of 64 KiB, and names of 4 KiB."""
_PIECE = 2**20

DECOMPRESSION_ERRORS = (gzip.BadGzipFile, cast("type[Exception]", igzip_lib.IsalError), zstandard.ZstdError, EOFError)
"""What reading a damaged file raises."""


_open_gzip = cast("Callable[[BinaryIO], BinaryIO]", cast("Any", igzip).open)
"""Takes half the time of that in the standard library; its package has no types for it."""


@contextmanager
def decompressed(file: BinaryIO) -> Iterator[BinaryIO]:
    """Read a file that may be compressed by gzip or zstd: its content decides, as media types are often wrong.

    Errors of the content are raised when it is read: OSError, or one of DECOMPRESSION_ERRORS.
    """
    start = file.read(4)
    file.seek(0)
    if start.startswith(_GZIP):
        with _open_gzip(file) as content:
            yield content
    elif start == _ZSTANDARD:
        decompressor = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
        with decompressor.stream_reader(file, read_across_frames=True) as content:
            yield content
    else:
        yield file


class LayerStream:
    """The unpacked archive of a layer.

    Args:
        source: The archive, decompressed.
        advance: Called with the size of each piece that is read.
    """

    def __init__(self, source: BinaryIO, advance: Callable[[int], object]) -> None:
        self._source = source
        self._advance = advance
        self._hash = hashlib.sha256()
        self._header_bytes = 0
        self.size = 0

    @property
    def digest(self) -> str:
        """The digest of what was read."""
        return f"sha256:{self._hash.hexdigest()}"

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes.

        Raises:
            UnusableImageError: The archive is too large, or a header in it.
        """
        content = self._source.read(size)
        self._hash.update(content)
        self.size += len(content)
        self._header_bytes += len(content)
        if self.size > _MOST_BYTES:
            raise UnusableImageError(f"a layer has more than {_MOST_BYTES} bytes unpacked, the most that is accepted")
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise UnusableImageError("a layer has a header of more than 1 MiB")
        self._advance(len(content))
        return content

    def start_headers(self) -> None:
        """Say that headers follow."""
        self._header_bytes = 0

    def start_content(self, size: int) -> None:
        """Say that so many bytes of a file follow."""
        self._header_bytes = -size

    def read_rest(self) -> None:
        """Read what follows the end of the archive: its digest is that of all bytes."""
        while True:
            self.start_headers()
            if not self.read(_PIECE):
                return
