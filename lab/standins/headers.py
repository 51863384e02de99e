"""Reads the headers of a request: W3C baggage and trace context, and the caller's identity from the mesh."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BAGGAGE = "baggage"
TRACE = ("traceparent", "tracestate")
CALLER = "x-forwarded-client-cert"
PATH = "x-standin-path"
"""The workloads that a request came through, among stand-ins: those that call each other in a circle stop by it."""

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105
_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_MEMBER = re.compile(rf"({_TOKEN})\s*=\s*({_OCTETS})\s*((?:;.*)?)")
_URI = re.compile(r'URI="?([^;,"]+)')


@dataclass(frozen=True, kw_only=True)
class Received:
    """The headers of a request that matter, by name and in lower case."""

    headers: Mapping[str, str]

    @property
    def baggage(self) -> str | None:
        """The `baggage` header as it came."""
        return self.headers.get(BAGGAGE)

    @property
    def traceparent(self) -> str | None:
        """The `traceparent` header as it came."""
        return self.headers.get(TRACE[0])

    @property
    def caller(self) -> str | None:
        """The identity of the nearest caller, if a proxy gives it."""
        uris = _URI.findall(self.headers.get(CALLER, ""))
        return uris[-1] if uris else None

    @property
    def path(self) -> tuple[str, ...]:
        """The workloads that the request came through."""
        return tuple(filter(None, self.headers.get(PATH, "").split(",")))

    def path_to_pass_on(self, workload: str) -> tuple[tuple[str, str], ...]:
        """The header with the workloads that a downstream call of a workload comes through."""
        return ((PATH, ",".join((*self.path, workload))),)

    def headers_to_pass_on(self, *, baggage: bool, trace: bool) -> tuple[tuple[str, str], ...]:
        """The headers for a downstream call, which may drop either kind."""
        headers = []
        if baggage and (members := read_baggage(self.baggage or "")):
            headers.append((BAGGAGE, ",".join(f"{name}={value}" for name, value in members.items())))
        if trace:
            headers += [(name, self.headers[name]) for name in TRACE if name in self.headers]
        return tuple(headers)


def read_headers(headers: Iterable[tuple[str, str]], *, merged: bool) -> Received:
    """Take what matters from the headers of a request.

    Args:
        headers: Names and values.
        merged: Whether headers of the same name count as one list, as in HTTP; otherwise only the first counts, as a
            gRPC server's OpenTelemetry instrumentation has it.
    """
    relevant: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        # Only ASCII can be passed on as gRPC metadata, and none of these headers may hold anything else.
        if lower in (BAGGAGE, *TRACE, CALLER, PATH) and value.isascii():
            if lower not in relevant:
                relevant[lower] = value
            elif merged:
                relevant[lower] += f",{value}"
    return Received(headers=relevant)


def read_baggage(header: str) -> dict[str, str]:
    """Read the members of a `baggage` header, their properties kept; invalid ones are dropped, as W3C says."""
    matches = (_MEMBER.fullmatch(member.strip()) for member in header.split(","))
    return {match[1]: match[2] + match[3] for match in matches if match}
