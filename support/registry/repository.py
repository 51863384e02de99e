"""A repository of a registry: its tags, manifests and blobs."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from support.registry.address import Address
from support.registry.blob_download import BlobDownload
from support.registry.connection import RegistryAnswer
from support.registry.grammar import is_digest, is_tag
from support.registry.registry_errors import (
    MissingTagError,
    NoRegistryError,
)
from support.registry.session import Registry, Session
from support.registry.tags import TagList

_NO_HEAD = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest of an image, or an index of several.

    Attributes:
        digest: Of its bytes.
        content: The JSON object.
    """

    digest: str
    content: dict[str, Any]


class Repository:
    """A repository; for several threads at once.

    Args:
        registry: Its registry.
        address: Where it is.
    """

    def __init__(self, registry: Registry, address: Address) -> None:
        self._address = address
        self._session = Session(registry, address)
        self._registry_name = self._session.registry_name

    def tags(self) -> tuple[str, ...]:
        """Return all tags, page by page, in the registry's order.

        Raises:
            RegistryError: They cannot be read.
        """
        return TagList(self._session, self._address).read()

    def digest(self, tag: str) -> str:
        """Return the digest of what a tag stands for.

        Raises:
            RegistryError: It cannot be read.
        """
        if not is_tag(tag):
            raise ValueError(f"{tag!r} is no tag")
        url = f"{self._address.api}/manifests/{tag}"
        answer = self._session.ask("HEAD", url, _MANIFESTS)
        if answer.status in _NO_HEAD:
            return self.manifest(tag).digest
        self._check(answer, tag)
        # The header is a SHOULD; ECR, Nexus and others leave it out: https://github.com/distribution/distribution/issues/3792
        digest = answer.headers.get("docker-content-digest") or self.manifest(tag).digest
        if not is_digest(digest):
            raise NoRegistryError(f"{self._registry_name} gives {tag!r} of {self._address.name} no digest: {digest!r}")
        return digest

    def manifest(self, reference: str) -> Manifest:
        """Return the manifest of a tag or a digest; of a digest, only the one that has it.

        Raises:
            RegistryError: It cannot be read, or is not what the digest names.
        """
        answer = self._session.ask("GET", f"{self._address.api}/manifests/{reference}", _MANIFESTS)
        self._check(answer, reference)
        digest = _digest(answer.body)
        if is_digest(reference) and digest != reference:
            raise NoRegistryError(
                f"{self._registry_name} gives {self._address.name}@{reference} the content of {digest}"
            )
        if _is_schema_1(answer.content):
            raise NoRegistryError(
                f"{self._registry_name} gives {reference!r} of {self._address.name} a manifest of schema 1, which "
                "is not supported; push the image with a current tool"
            )
        if not _is_manifest(answer.content):
            raise NoRegistryError(f"{self._registry_name} gives {reference!r} of {self._address.name} no manifest")
        return Manifest(digest=digest, content=answer.content)

    def blob(self, digest: str, write: Callable[[bytes], object]) -> None:
        """Hand over a blob, piece by piece; only after the last one is it known to have its digest.

        Raises:
            RegistryError: It cannot be read, or has another digest.
        """
        url = f"{self._address.api}/blobs/{digest}"
        hasher = hashlib.sha256()

        def check(chunk: bytes) -> None:
            hasher.update(chunk)
            write(chunk)

        answer = self._session.save(url, lambda answer: check if answer.status == HTTPStatus.OK else None)
        if answer.status != HTTPStatus.OK:
            self._session.fail(answer)
        if f"sha256:{hasher.hexdigest()}" != digest:
            raise NoRegistryError(
                f"{self._registry_name} gives {self._address.name}@{digest} the content of sha256:{hasher.hexdigest()}"
            )

    def save_blob(self, digest: str, size: int, path: Path, advance: Callable[[int], object]) -> None:
        """Save a blob in a file; what the file has of it already is not asked for again.

        Args:
            digest: The blob.
            size: Its size, as the manifest has it.
            path: The file. It keeps what was received if the connection breaks off, and is removed if it is wrong.
            advance: Called with the size of each piece, first with that of what the file has.

        Raises:
            RegistryError: It cannot be read, or has another digest or size.
        """
        BlobDownload(self._session, self._address, digest, size).save(path, advance)

    def _check(self, answer: RegistryAnswer, reference: str) -> None:
        """Raise an error unless an answer is about the manifest of a reference."""
        if answer.status == HTTPStatus.NOT_FOUND:
            kind = "manifest" if is_digest(reference) else "tag"
            reasons = f" ({', '.join(answer.reasons)})" if answer.reasons else ""
            raise MissingTagError(
                f"{self._registry_name} has no {kind} {reference!r} of {self._address.name}, or no such repository"
                f"{reasons}; correct it, or push that image"
            )
        if answer.status != HTTPStatus.OK:
            self._session.fail(answer)


def _is_manifest(content: object) -> bool:
    """Say whether JSON is a manifest, and no list of errors."""
    return isinstance(content, dict) and "errors" not in content and content.get("schemaVersion", 2) == 2


def _is_schema_1(content: object) -> bool:
    """Say whether JSON is a manifest of schema 1.

    The digest of a schema 1 manifest leaves out its signatures, so it is not that of the body:
    https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-1.md
    """
    return isinstance(content, dict) and content.get("schemaVersion") == 1


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
