"""Requests about one repository, with a login as soon as the registry wants one."""

from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import NoReturn

import httpx

from support.registry.address import Address
from support.registry.challenges import parse_challenges
from support.registry.connection import RegistryAnswer, RegistryConnection
from support.registry.credentials import RegistryCredentials
from support.registry.docker_configuration import DockerConfiguration
from support.registry.login import authorization, refuse
from support.registry.registry_errors import NoRegistryError, RegistryError, UnreachableRegistryError

_TRANSIENT = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


class Registry:
    """A registry for several repositories: its connections, and the credentials for it.

    Args:
        address: Any of its repositories.
        credentials: The credentials for all of them; by default, what Docker's configuration has for each.
    """

    def __init__(self, address: Address, credentials: RegistryCredentials | None = None) -> None:
        self.connection = RegistryConnection(address.registry)
        self.credentials: Callable[[Address], RegistryCredentials] = (
            DockerConfiguration().credentials if credentials is None else lambda _: credentials
        )


class Session:
    """Asks about one repository; for several threads at once, each of which may log in.

    Args:
        registry: Its registry.
        address: Where it is.
    """

    def __init__(self, registry: Registry, address: Address) -> None:
        self._registry = registry
        self._address = address
        self._authorization = ""

    @cached_property
    def _credentials(self) -> RegistryCredentials:
        # Only for a registry that asks, as programs may have to be started.
        return self._registry.credentials(self._address)

    @property
    def registry_name(self) -> str:
        """The registry's name in messages."""
        return f"registry {self._address.registry}"

    def ask(self, method: str, url: str, accept: str) -> RegistryAnswer:
        """Return an answer that is not a refusal.

        Raises:
            RegistryError: There is no such answer.
        """
        connection = self._registry.connection
        return self._ask_with_login(lambda headers: connection.ask(method, url, {"Accept": accept, **headers}), url)

    def save(
        self, url: str, receive: Callable[[RegistryAnswer], Callable[[bytes], object] | None], *, start: int = 0
    ) -> RegistryAnswer:
        """Hand over the body of a large file, piece by piece, and return the answer.

        Args:
            url: The file.
            receive: Takes the answer before its body, and returns what takes the pieces; None if it is not wanted.
            start: The byte from which the file is asked for; a registry may send it from its beginning all the same.

        Raises:
            RegistryError: It cannot be read.
        """
        part = {"Range": f"bytes={start}-"} if start else {}
        connection = self._registry.connection
        return self._ask_with_login(lambda headers: connection.save(url, {**part, **headers}, receive), url)

    def _ask_with_login(self, ask: Callable[[dict[str, str]], RegistryAnswer], url: str) -> RegistryAnswer:
        """Ask with a login if the registry wants one; a token that has run out since the last request is renewed."""
        # Credentials go to the registry alone, not to the hosts that it leads to.
        authorization_sent = self._authorization if self._is_own(url) else ""
        answer = ask({"Authorization": authorization_sent} if authorization_sent else {})
        has_run_out = answer.status == HTTPStatus.UNAUTHORIZED and authorization_sent.startswith("Bearer ")
        if has_run_out and "bearer" not in _schemes(answer):
            # Harbor asks for Basic when a token has run out: https://github.com/goharbor/harbor/issues/18856
            answer = ask({})
        if self._wants_login(answer) and self._is_own(url) and self._is_own(str(answer.url)):
            connection = self._registry.connection
            self._authorization = authorization(connection, self._address, answer, self._credentials)
            answer = ask({"Authorization": self._authorization})
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            refuse(self._address, self._credentials, answer.reasons)
        return answer

    def _wants_login(self, answer: RegistryAnswer) -> bool:
        # With anonymous access, some registries answer 403 to a request without credentials, and say how to log in.
        return answer.status == HTTPStatus.UNAUTHORIZED or (
            answer.status == HTTPStatus.FORBIDDEN and not _schemes(answer).isdisjoint(("bearer", "basic"))
        )

    def _is_own(self, url: str) -> bool:
        return _origin(httpx.URL(url)) == _origin(httpx.URL(self._address.api))

    def fail(self, answer: RegistryAnswer) -> NoReturn:
        """Raise the error of an answer that a registry should not give.

        Raises:
            RegistryError: Always.
        """
        codes = f" ({', '.join(answer.reasons)})" if answer.codes else ""
        if answer.status in _TRANSIENT or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnreachableRegistryError(f"{self.registry_name} answers {answer.status}{codes}; try again later")
        if codes and answer.status >= HTTPStatus.BAD_REQUEST:
            raise RegistryError(
                f"{self.registry_name} declines a request for {self._address.name}: {answer.status}{codes}; check the "
                "repository and the account"
            )
        raise NoRegistryError(
            f"what answers as {self.registry_name} is no registry: asked for {self._address.name}, it says "
            f"{answer.status}{codes}; check host and port of the repository"
        )


def _schemes(answer: RegistryAnswer) -> set[str]:
    return {challenge.scheme for challenge in parse_challenges(answer.headers)}


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    """Return the scheme and the authority of a URL."""
    return url.scheme, url.netloc
