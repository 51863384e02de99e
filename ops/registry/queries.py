"""Reads tags of repositories, and digests of tags, from registries."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from support.registry.address import Address
from support.registry.registry_errors import MissingRepositoryError, RegistryError
from support.registry.repository import Repository
from support.registry.session import Registry

_PARALLEL = 4


def tags(repository: str) -> tuple[str, ...]:
    """Return all tags of a repository, in the registry's order.

    Args:
        repository: In the form of `boutique.names.image_reference.Reference.repository`.

    Raises:
        RegistryError: The registry cannot be read, or has no such repository.
    """
    return tags_of([repository])[repository]


def tags_of(repositories: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return all tags of several repositories, with a few requests in parallel.

    Raises:
        RegistryError: A registry cannot be read, or has no such repository; the message names all missing ones.
    """
    addresses = {repository: Address.of(repository) for repository in repositories}
    missing, tags_by_repository = [], {}
    with ExitStack() as opened, ThreadPoolExecutor(_PARALLEL) as pool:
        registries: dict[str, Registry] = {}
        for address in addresses.values():
            if address.registry not in registries:
                registries[address.registry] = registry = Registry(address)
                opened.callback(registry.connection.close)
        futures = {
            repository: pool.submit(Repository(registries[address.registry], address).tags)
            for repository, address in addresses.items()
        }
        for repository, future in futures.items():
            try:
                tags_by_repository[repository] = future.result()
            except MissingRepositoryError as error:
                missing.append(str(error))
            except RegistryError:
                # The other requests would fail the same way, after the same wait.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    if missing:
        raise MissingRepositoryError("\n".join(missing))
    return tags_by_repository


def digest(repository: str, tag: str) -> str:
    """Return the digest of a tag: of its manifest, or of its image index for several platforms.

    Args:
        repository: In the form of `boutique.names.image_reference.Reference.repository`.
        tag: The tag.

    Raises:
        RegistryError: The registry cannot be read, or has no such tag.
        ValueError: The tag is invalid.
    """
    address = Address.of(repository)
    registry = Registry(address)
    try:
        return Repository(registry, address).digest(tag)
    finally:
        registry.connection.close()
