"""What registries tell of repositories: their tags, and the digests behind them."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from support.registry.address import Address
from support.registry.registry_errors import MissingRepositoryError, RegistryError
from support.registry.repository import Repository
from support.registry.session import Registry

_AT_ONCE = 4


def tags(repository: str) -> tuple[str, ...]:
    """Return all tags of a repository, in the registry's order.

    Args:
        repository: As `boutique.names.image_reference.Reference.repository` has it.

    Raises:
        RegistryError: The registry cannot be read, or has no such repository.
    """
    return tags_of([repository])[repository]


def tags_of(repositories: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return all tags of each of several repositories, a few of which are asked for at once.

    Raises:
        RegistryError: A registry cannot be read, or has no such repository; all that are missing are named.
    """
    addresses = {repository: Address.of(repository) for repository in repositories}
    missing, tags_by_repository = [], {}
    with ExitStack() as opened, ThreadPoolExecutor(_AT_ONCE) as pool:
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
                # The others would say the same again, each after as long a wait.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    if missing:
        raise MissingRepositoryError("\n".join(missing))
    return tags_by_repository


def digest(repository: str, tag: str) -> str:
    """Return the digest of the manifest, or of the index of several platforms, that a tag stands for.

    Args:
        repository: As `boutique.names.image_reference.Reference.repository` has it.
        tag: The tag.

    Raises:
        RegistryError: The registry cannot be read, or has no such tag.
        ValueError: The tag is none.
    """
    address = Address.of(repository)
    registry = Registry(address)
    try:
        return Repository(registry, address).digest(tag)
    finally:
        registry.connection.close()
