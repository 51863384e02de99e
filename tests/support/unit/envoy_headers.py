"""How Envoy sees a header, and the outcome that it has."""

from typing import NamedTuple

import re2

from boutique.routing.resolution import Headers


class Outcome(NamedTuple):
    """Where a proxy sends a request, and the `baggage` that it has then."""

    service: str
    port: int
    baggage: str | None


def header_values(headers: Headers, name: str) -> list[str]:
    """Return the values of a header as Envoy compares them, one by one: without blanks at both ends."""
    return [value.strip(" \t") for key, value in headers if key.lower() == name.lower()]


def joined_header(headers: Headers, name: str) -> str | None:
    """Return a header as the next in line reads it: repeated ones joined."""
    values = header_values(headers, name)
    return ",".join(values) if values else None


def fully_matches(pattern: str, value: str) -> bool:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.fullmatch(pattern.encode(), value.encode(errors="surrogateescape"), options) is not None
