"""What caches may keep of the answers at the edge, as headers of the answer.

One URL of an environment has several answers: the baseline's, and those of features to testers. A feature's answer must
reach no other client, so no cache keeps it. The baseline's must not reach a tester, so a cache keeps it for requests
with the same `Cookie` and `boutique-feature` only (RFC 9111, section 4.1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from boutique.routing.model import HEADER, EdgeRoute
from boutique.routing.route_fields import UnreadableError

VARY = ("Cookie", HEADER)
"""The headers that choose between the baseline and features at the environment's host."""

NO_STORE = {"Cache-Control": "no-store"}
FOR_SHARED_CACHES = ("CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires")
"""Headers by which an application tells shared caches more than `Cache-Control` does, which they obey first: RFC 9213,
https://www.w3.org/TR/edge-arch/ and nginx's `proxy_cache_valid`.
"""


@dataclass(frozen=True, kw_only=True)
class ResponseHeaders:
    """What a route changes of an answer.

    Attributes:
        set: Headers in place of those of the answer, by name.
        add: Headers beside those of the answer, by name.
        remove: Headers that are removed.
    """

    set: Mapping[str, str]
    add: Mapping[str, str]
    remove: tuple[str, ...]


def response_headers(route: EdgeRoute) -> ResponseHeaders | None:
    """Return what a route changes of its answers; None for nothing.

    `Vary` is added, since the application's own stays true.
    """
    if not route.no_store and not route.vary:
        return None
    return ResponseHeaders(
        set=NO_STORE if route.no_store else {},
        add={"Vary": ", ".join(route.vary)} if route.vary else {},
        remove=FOR_SHARED_CACHES if route.no_store else (),
    )


def parse_response_headers(
    set_: Mapping[str, str], add: Mapping[str, str], remove: Iterable[str]
) -> tuple[bool, tuple[str, ...]]:
    """Return `no_store` and `vary` of a route, from what it changes of its answers.

    Args:
        set_: Headers that are set, by name.
        add: Headers that are added, by name.
        remove: Names of headers that are removed.

    Raises:
        UnreadableError: It changes something else.
    """
    for_shared_caches = {name.lower() for name in FOR_SHARED_CACHES}
    set_, add, removed = _lower_names(set_), _lower_names(add), {name.lower() for name in remove}
    foreign = {*(set_.keys() - {"cache-control"}), *(add.keys() - {"vary"}), *(removed - for_shared_caches)}
    if foreign:
        raise UnreadableError(f"changes the headers {', '.join(sorted(foreign))} of answers")
    if set_ and set_ != _lower_names(NO_STORE):
        raise UnreadableError(f"sets Cache-Control of answers to {set_['cache-control']}, not to no-store")
    if removed != (for_shared_caches if set_ else set()):
        raise UnreadableError(
            f"removes {', '.join(sorted(removed)) or 'no headers'} from answers, and not exactly "
            f"{', '.join(FOR_SHARED_CACHES) if set_ else 'none'}"
        )
    vary = tuple(name.strip() for name in add.get("vary", "").split(",") if name.strip())
    return bool(set_), vary


def _lower_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
