"""Downloads a blob into a file, and goes on where an earlier download broke off."""

import hashlib
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from support.registry.address import Address
from support.registry.connection import RegistryAnswer
from support.registry.registry_errors import NoRegistryError, RegistryError, UnreachableRegistryError
from support.registry.session import Session

_ATTEMPTS = 5
_PIECE = 2**20


class BlobDownload:
    """One blob of a repository; its digest is computed while it is received.

    Args:
        session: Asks the registry.
        address: The repository.
        digest: The blob.
        size: Its size: not a byte more is written.
    """

    def __init__(self, session: Session, address: Address, digest: str, size: int) -> None:
        self._session = session
        self._url = f"{address.api}/blobs/{digest}"
        self._name = f"{address.name}@{digest}"
        self._digest = digest
        self._size = size
        self._received = 0
        self._hash = hashlib.sha256()

    def save(self, path: Path, advance: Callable[[int], object]) -> None:
        """Save the blob; see `Repository.save_blob`.

        Raises:
            RegistryError: It cannot be read, or has another digest or size.
        """
        try:
            with path.open("a+b") as file:
                had_part = self._read(file, advance) > 0
                self._download(file, advance)
                if had_part and self._digest_received != self._digest:
                    # What an earlier download left may be damaged.
                    advance(-self._received)
                    self._restart(file)
                    self._download(file, advance)
            if self._digest_received != self._digest:
                raise NoRegistryError(
                    f"{self._session.registry_name} gives {self._name} the content of {self._digest_received}"
                )
        except RegistryError as error:
            if isinstance(error, NoRegistryError) or not self._received:
                path.unlink(missing_ok=True)
            raise

    @property
    def _digest_received(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def _read(self, file: BinaryIO, advance: Callable[[int], object]) -> int:
        """Take in what an earlier download left, and return its size."""
        if file.seek(0, os.SEEK_END) > self._size:
            self._restart(file)
        file.seek(0)
        while piece := file.read(_PIECE):
            self._hash.update(piece)
            self._received += len(piece)
        advance(self._received)
        return self._received

    def _download(self, file: BinaryIO, advance: Callable[[int], object]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            start = self._received
            if start == self._size:
                return
            try:
                answer = self._session.save(
                    self._url, lambda answer: self._receiver(answer, file, advance), start=start
                )
            except UnreachableRegistryError:
                if self._received == start or attempt == _ATTEMPTS:
                    raise
            else:
                if answer.status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                    self._session.fail(answer)
                return

    def _receiver(
        self, answer: RegistryAnswer, file: BinaryIO, advance: Callable[[int], object]
    ) -> Callable[[bytes], object] | None:
        if answer.status == HTTPStatus.OK and self._received:
            # It does not send parts, so it sends everything again.
            advance(-self._received)
            self._restart(file)
        elif answer.status == HTTPStatus.PARTIAL_CONTENT:
            sent = answer.headers.get("content-range", "")
            if not sent.startswith(f"bytes {self._received}-"):
                raise NoRegistryError(
                    f"{self._session.registry_name} sends {sent or 'some part'!r} of {self._name}, asked for what "
                    f"begins at byte {self._received}"
                )
        elif answer.status != HTTPStatus.OK:
            return None

        def add(piece: bytes) -> None:
            if self._received + len(piece) > self._size:
                raise NoRegistryError(
                    f"{self._session.registry_name} sends more of {self._name} than the {self._size} bytes that the "
                    "manifest names"
                )
            file.write(piece)
            self._hash.update(piece)
            self._received += len(piece)
            advance(len(piece))

        return add

    def _restart(self, file: BinaryIO) -> None:
        file.truncate(0)
        self._received = 0
        self._hash = hashlib.sha256()
