"""One repository of a registry, asked with a login as soon as the registry wants one."""

import hashlib
from functools import cached_property
from http import HTTPStatus
from typing import NoReturn

import httpx

from boutique.images import check_digest, check_tag
from ops.deadline import Deadline
from ops.registry.address import Address
from ops.registry.connection import Answer, Connection
from ops.registry.credentials import Credentials, credentials
from ops.registry.errors import (
    MissingRepositoryError,
    MissingTagError,
    NoRegistryError,
    UnreachableRegistryError,
)
from ops.registry.login import authorization, refuse

_PAGE = 1000
_MOST_PAGES = 1000
_LISTING_SECONDS = 120.0
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


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


class Repository:
    """One repository; not for several threads at once.

    Args:
        registry: Its registry.
        address: Where it is.
    """

    def __init__(self, registry: Registry, address: Address) -> None:
        self._registry = registry
        self._address = address
        self._authorization = ""

    def tags(self) -> tuple[str, ...]:
        """Return all tags, page by page, in the registry's order.

        Raises:
            RegistryError: They cannot be read.
        """
        found: dict[str, None] = {}
        seen: set[str] = set()
        deadline = Deadline(_LISTING_SECONDS)
        url: str | None = f"{self._address.api}/tags/list?n={_PAGE}"
        while url:
            if url in seen or len(seen) >= _MOST_PAGES:
                raise NoRegistryError(f"{self._named} does not come to an end with the tags of {self._address.name}")
            if deadline.is_over:
                raise UnreachableRegistryError(
                    f"{self._named} does not list the tags of {self._address.name} within {deadline.seconds:.0f} s; "
                    "try again later"
                )
            seen.add(url)
            answer = self._asked("GET", url, "application/json")
            if answer.status == HTTPStatus.NOT_FOUND and answer.codes:
                raise MissingRepositoryError(
                    f"{self._named} has no repository {self._address.name}; correct the environment's image "
                    "settings, or push the first image"
                )
            found |= dict.fromkeys(self._page(answer))
            url = self._next(answer)
        return tuple(found)

    def digest(self, tag: str) -> str:
        """Return the digest of what a tag stands for.

        Raises:
            RegistryError: It cannot be read.
        """
        url = f"{self._address.api}/manifests/{check_tag(tag)}"
        answer = self._asked("HEAD", url, _MANIFESTS)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise MissingTagError(
                f"{self._named} has no tag {tag!r} of {self._address.name}, or no such repository; correct it, or push "
                "that image"
            )
        if answer.status != HTTPStatus.OK:
            self._strange(answer)
        if not (said := answer.headers.get("docker-content-digest")):
            # Registries should name it, and need not.
            body = self._asked("GET", url, _MANIFESTS).body
            said = f"sha256:{hashlib.sha256(body).hexdigest()}"
        try:
            return check_digest(said)
        except ValueError as error:
            raise NoRegistryError(f"{self._named} gives {tag!r} of {self._address.name} no digest: {error}") from None

    @property
    def _named(self) -> str:
        return f"registry {self._address.registry}"

    def _asked(self, method: str, url: str, accept: str) -> Answer:
        """Return an answer that is no refusal; a token that has run out since the last page is renewed."""
        connection = self._registry.connection
        headers = {"Accept": accept}
        # Where a registry leads to another host, nobody logs in.
        given = {"Authorization": self._authorization} if self._authorization and self._is_own(url) else {}
        answer = connection.ask(method, url, headers | given)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._is_own(url) and self._is_own(str(answer.url)):
            self._authorization = authorization(connection, self._address, answer, self._registry.credentials)
            answer = connection.ask(method, url, headers | {"Authorization": self._authorization})
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            refuse(self._address, self._registry.credentials, answer.codes)
        return answer

    def _is_own(self, url: str) -> bool:
        return _origin(httpx.URL(url)) == _origin(httpx.URL(self._address.api))

    def _page(self, answer: Answer) -> list[str]:
        content = answer.content
        if answer.status != HTTPStatus.OK or not isinstance(content, dict) or "tags" not in content:
            self._strange(answer)
        try:
            # Registries say null for none.
            return [check_tag(each) for each in content["tags"] or ()]
        except (TypeError, ValueError):
            raise NoRegistryError(f"{self._named} lists something for {self._address.name} that is no tag") from None

    def _next(self, answer: Answer) -> str | None:
        links = httpx.Response(answer.status, headers={"link": answer.headers.get("link", "")}).links
        target = links.get("next", {}).get("url")
        if not target:
            return None
        try:
            following = answer.url.join(target)
        except httpx.InvalidURL:
            following = httpx.URL()
        if _origin(following) != _origin(answer.url):
            raise NoRegistryError(f"{self._named} says that the next page of tags is on another host; that is refused")
        return str(following)

    def _strange(self, answer: Answer) -> NoReturn:
        codes = f" ({', '.join(answer.codes)})" if answer.codes else ""
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnreachableRegistryError(f"{self._named} answers {answer.status}{codes}; try again later")
        raise NoRegistryError(
            f"what answers as {self._named} is no registry: to the tags of {self._address.name} it says "
            f"{answer.status}{codes}; check host and port of the repository"
        )


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc
