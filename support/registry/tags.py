"""Lists all tags of a repository, page by page, from registries that page in different ways.

OCI distribution specification 1.1, "Listing Tags": a `Link` header leads to the next page, and where there is none,
`last` asks for what comes after a tag. Where registries differ from it, the source is named.
"""

import math
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from support.deadline import Deadline
from support.registry.address import Address
from support.registry.connection import RegistryAnswer
from support.registry.grammar import is_tag
from support.registry.links import next_page
from support.registry.registry_errors import MissingRepositoryError, NoRegistryError, UnreachableRegistryError
from support.registry.session import Session

_SIZES = (1000, 100, 50, 10, None)
"""The page sizes that are tried until the registry accepts one; at last, its own default."""
_ROUND = 50
"""Registries that list less than they are asked for list 50, 100 or 1000, some without a Link to the others."""
_MOST_PAGES = 1000
_LISTING_SECONDS = 120.0

# ECR's code for a number that is too large is UNSUPPORTED: https://github.com/google/go-containerregistry/issues/681
# That of distribution is PAGINATION_NUMBER_INVALID: https://github.com/distribution/distribution/issues/4844
_PARAMETER_REFUSED = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


@dataclass(frozen=True, kw_only=True)
class TagPage:
    """A page of tags.

    Attributes:
        answer: The registry's answer.
        names: The entries that are text; not all of them have to be tags.
        length: The number of entries.
    """

    answer: RegistryAnswer
    names: tuple[str, ...]
    length: int


class TagList:
    """The tags of one repository; reads them once.

    Args:
        session: Asks the registry.
        address: The repository.
    """

    def __init__(self, session: Session, address: Address) -> None:
        self._session = session
        self._address = address
        self._url = httpx.URL(f"{address.api}/tags/list")
        self._requested: set[httpx.URL] = set()
        self._deadline = Deadline(_LISTING_SECONDS)

    def read(self) -> tuple[str, ...]:
        """Return all tags, in the registry's order.

        Raises:
            RegistryError: They cannot be read, or not all of them.
        """
        first, size = self._first_page()
        page, has_links, cut = first, False, _cut(first, size)
        names = dict.fromkeys(page.names)
        while True:
            if following := self._next(page):
                has_links = True
                page = self._page(self._ask(following))
            elif has_links or not page.names or page.length < cut:
                break
            else:
                rest = self._after(page.names[-1], size)
                if rest is None or (rest.names and names.keys() >= set(rest.names)):
                    self._ensure_complete(first, size)
                    break
                page = rest
            names |= dict.fromkeys(page.names)
        return tuple(filter(is_tag, names))

    def _first_page(self) -> tuple[TagPage, int | None]:
        refusal = None
        for size in _SIZES:
            answer = self._ask(self._query(n=size))
            if answer.status not in _PARAMETER_REFUSED:
                return self._page(answer), size
            refusal = refusal or answer
        return self._session.fail(refusal or answer)

    def _after(self, last: str, size: int | None) -> TagPage | None:
        """Return the page after a tag; None from a registry that does not take `last`."""
        answer = self._ask(self._query(n=size, last=last))
        if answer.status in _PARAMETER_REFUSED:
            return None
        if answer.status == HTTPStatus.NOT_FOUND:
            return TagPage(answer=answer, names=(), length=0)
        return self._page(answer)

    def _ensure_complete(self, first: TagPage, size: int | None) -> None:
        """Refuse a first page of just the length that was asked for, if the registry cuts there and has no way on.

        Other registries ignore the number and list everything at once, or send a Link when there are more tags.
        """
        if first.length != size:
            return
        shorter = self._page(self._ask(self._query(n=size - 1)))
        if shorter.length < size and not self._next(shorter):
            raise NoRegistryError(
                f"{self._session.registry_name} lists no more than {size} tags of {self._address.name}, and may have "
                "others: its answer has no Link, and it does not take `last`; delete old tags"
            )

    def _query(self, **parameters: str | int | None) -> httpx.URL:
        return self._url.copy_merge_params({name: value for name, value in parameters.items() if value is not None})

    def _ask(self, url: httpx.URL) -> RegistryAnswer:
        name, registry = self._address.name, self._session.registry_name
        if url in self._requested:
            raise NoRegistryError(f"{registry} does not come to an end with the tags of {name}: a page comes again")
        if len(self._requested) >= _MOST_PAGES:
            raise NoRegistryError(
                f"{registry} has more than {_MOST_PAGES} pages of tags of {name}, the most that are read; delete old "
                "tags"
            )
        if self._deadline.is_over:
            raise UnreachableRegistryError(
                f"{registry} does not list the tags of {name} within {self._deadline.seconds:.0f} s; try again later"
            )
        self._requested.add(url)
        return self._session.ask("GET", str(url), "application/json")

    def _page(self, answer: RegistryAnswer) -> TagPage:
        if answer.status == HTTPStatus.NOT_FOUND and answer.codes:
            raise MissingRepositoryError(
                f"{self._session.registry_name} has no repository {self._address.name}; correct the environment's "
                "image settings, or push the first image"
            )
        content = answer.content
        if answer.status != HTTPStatus.OK or not isinstance(content, dict) or "tags" not in content:
            self._session.fail(answer)
        # Registries say null for none.
        entries = [] if content["tags"] is None else content["tags"]
        if not isinstance(entries, list) or not (any(map(is_tag, entries)) or all(map(_is_placeholder, entries))):
            raise NoRegistryError(
                f"{self._session.registry_name} lists something for {self._address.name} that is no tag"
            )
        names = tuple(entry for entry in entries if isinstance(entry, str) and entry)
        return TagPage(answer=answer, names=names, length=len(entries))

    def _next(self, page: TagPage) -> httpx.URL | None:
        try:
            return next_page(page.answer)
        except ValueError:
            raise NoRegistryError(
                f"{self._session.registry_name} says that the next page of tags is on another host; that is refused"
            ) from None


def _cut(first: TagPage, size: int | None) -> float:
    """Return the length from which a page without a Link may be one of several, judged by the first one."""
    is_full = size is None or first.length >= size or first.length % _ROUND == 0
    return first.length if is_full else math.inf


def _is_placeholder(entry: object) -> bool:
    """Say whether an entry stands for a manifest without a tag."""
    return entry is None or (isinstance(entry, str) and (not entry or ":" in entry))
