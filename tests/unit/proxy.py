"""How Envoy sees a header, and the outcome that it has."""

from typing import NamedTuple

import re2

from boutique.oracle import Headers


class Outcome(NamedTuple):
    """Where a proxy sends a request, and the `baggage` that it has then."""

    service: str
    port: int
    baggage: str | None


def seen(headers: Headers, name: str) -> str | None:
    """Return a header as Envoy compares it: without blanks at both ends, repeated ones joined."""
    values = [value.strip(" \t") for key, value in headers if key.lower() == name.lower()]
    return ",".join(values) if values else None


def fully_matches(pattern: str, value: str) -> bool:
    return re2.fullmatch(pattern.encode(), value.encode(errors="surrogateescape")) is not None
