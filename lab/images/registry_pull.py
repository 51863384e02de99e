"""Reads an image from its registry: the manifest for this machine, the configuration, and the layers."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from lab.images.image_errors import UnusableImageError
from lab.images.image_manifest import Descriptor, ImageManifest, choose_platform, is_index, parse_manifest
from lab.images.pull_reference import PullReference
from support.registry.credentials import CredentialSource, RegistryCredentials
from support.registry.docker_configuration import DockerConfiguration
from support.registry.registry_errors import RefusedLoginError
from support.registry.repository import Manifest, Repository
from support.registry.session import Registry

_LARGEST_CONFIGURATION = 8 * 2**20


class RegistryPull:
    """One image of a registry.

    Args:
        reference: The image.
        credentials: What may have credentials for the registry, such as the pull secrets of a pod. Each that has some
            is tried until the registry accepts one; the login of `docker login` is the last.
        downloads: Where layers are kept for as long as they are received.
    """

    def __init__(self, reference: PullReference, credentials: Sequence[CredentialSource], downloads: Path) -> None:
        self._reference = reference
        self._downloads = downloads
        self._registry, self._manifest = self._log_in(credentials)
        self._repository = Repository(self._registry, reference.address)
        self.digest = self._manifest.digest
        if is_index(self._manifest.content):
            try:
                self.digest = choose_platform(self._manifest.content)
            except UnusableImageError:
                self.close()
                raise

    def close(self) -> None:
        """Close the connections."""
        self._registry.connection.close()

    def manifest(self) -> ImageManifest:
        """Return the manifest for this machine.

        Raises:
            RegistryError: It cannot be read.
            UnusableImageError: It is not that of a container image.
        """
        if self.digest != self._manifest.digest:
            self._manifest = self._repository.manifest(self.digest)
        return parse_manifest(self._manifest.content)

    def configuration(self, blob: Descriptor) -> dict[str, Any]:
        """Return the image configuration, as JSON.

        Raises:
            RegistryError: It cannot be read.
            UnusableImageError: It is no JSON object, or too large.
        """
        content = bytearray()

        def add(piece: bytes) -> None:
            content.extend(piece)
            if len(content) > _LARGEST_CONFIGURATION:
                raise UnusableImageError(f"its configuration is larger than {_LARGEST_CONFIGURATION} bytes")

        self._repository.blob(blob.digest, add)
        try:
            configuration = json.loads(content)
        except (ValueError, RecursionError):
            configuration = None
        if not isinstance(configuration, dict):
            raise UnusableImageError("its configuration is no JSON object")
        return configuration

    @contextmanager
    def open_blob(self, blob: Descriptor, advance: Callable[[int], object]) -> Iterator[BinaryIO]:
        """Download a blob, and open the file once its digest is checked. The file is removed after it was used.

        Raises:
            RegistryError: It cannot be read. What has arrived is kept for the next attempt.
            OSError: It cannot be written, as on a full disk; nothing is kept.
        """
        self._downloads.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._downloads / blob.digest.replace(":", "-")
        try:
            self._repository.save_blob(blob.digest, blob.size, path, advance)
            with path.open("rb") as file:
                yield file
        except (OSError, UnusableImageError):
            path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)

    def _log_in(self, sources: Sequence[CredentialSource]) -> tuple[Registry, Manifest]:
        refusals = []
        for credentials in self._candidates(sources):
            registry = Registry(self._reference.address, credentials)
            try:
                return registry, Repository(registry, self._reference.address).manifest(self._reference.version)
            except RefusedLoginError as error:
                registry.connection.close()
                refusals.append(error)
            except BaseException:
                registry.connection.close()
                raise
        raise refusals[0]

    def _candidates(self, sources: Sequence[CredentialSource]) -> list[RegistryCredentials]:
        address = self._reference.address
        given = [source.credentials(address) for source in sources]
        own = DockerConfiguration().credentials(address)
        usable = [credentials for credentials in (*given, own) if not credentials.is_empty]
        # A message about a refusal names every place where credentials were looked for.
        descriptions = "; ".join(credentials.description for credentials in (*given, own))
        return usable or [replace(own, description=descriptions)]
