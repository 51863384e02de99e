"""Requests about one repository, with a login as soon as the registry wants one."""

from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import NoReturn

import httpx

from support.registry.address import Address
from support.registry.connection import Answer, Connection
from support.registry.credentials import Credentials, credentials
from support.registry.errors import NoRegistryError, UnreachableRegistryError
from support.registry.login import authorization, refuse


class Registry:
    """One registry for several repositories: its connections, and the credentials for it.

    Args:
        address: Any of its repositories.
    """

    def __init__(self, address: Address) -> None:
        self.connection = Connection(address.registry)
        self._address = address

    @cached_property
    def credentials(self) -> Credentials:
        """What is known for it; looked up only for a registry that asks, as programs may have to be started."""
        return credentials(self._address)


class Session:
    """Asks about one repository; not for several threads at once.

    Args:
        registry: Its registry.
        address: Where it is.
    """

    def __init__(self, registry: Registry, address: Address) -> None:
        self._registry = registry
        self._address = address
        self._authorization = ""

    @property
    def registry_name(self) -> str:
        """How messages call the registry."""
        return f"registry {self._address.registry}"

    def ask(self, method: str, url: str, accept: str) -> Answer:
        """Return an answer that is no refusal.

        Raises:
            RegistryError: There is none.
        """
        connection = self._registry.connection
        return self._authorized(lambda headers: connection.ask(method, url, {"Accept": accept, **headers}), url)

    def save(self, url: str, write: Callable[[bytes], object]) -> Answer:
        """Hand over the body of a large file, piece by piece, and return the answer without it.

        Raises:
            RegistryError: It cannot be read.
        """
        return self._authorized(lambda headers: self._registry.connection.save(url, headers, write), url)

    def _authorized(self, ask: Callable[[dict[str, str]], Answer], url: str) -> Answer:
        """Ask with a login if the registry wants one; a token that has run out since the last request is renewed."""
        # Credentials go to the registry alone, not to the hosts that it leads to.
        answer = ask({"Authorization": self._authorization} if self._authorization and self._is_own(url) else {})
        if answer.status == HTTPStatus.UNAUTHORIZED and self._is_own(url) and self._is_own(str(answer.url)):
            connection = self._registry.connection
            self._authorization = authorization(connection, self._address, answer, self._registry.credentials)
            answer = ask({"Authorization": self._authorization})
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            refuse(self._address, self._registry.credentials, answer.codes)
        return answer

    def _is_own(self, url: str) -> bool:
        return origin(httpx.URL(url)) == origin(httpx.URL(self._address.api))

    def fail(self, answer: Answer) -> NoReturn:
        """Say that an answer is none that the registry should give.

        Raises:
            RegistryError: Always.
        """
        codes = f" ({', '.join(answer.codes)})" if answer.codes else ""
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnreachableRegistryError(f"{self.registry_name} answers {answer.status}{codes}; try again later")
        raise NoRegistryError(
            f"what answers as {self.registry_name} is no registry: asked for {self._address.name}, it says "
            f"{answer.status}{codes}; check host and port of the repository"
        )


def origin(url: httpx.URL) -> tuple[str, bytes]:
    """Return what of a URL says who answers."""
    return url.scheme, url.netloc
