"""The ways to log in that a server offers: the challenges of its WWW-Authenticate headers.

RFC 9110, section 11.6.1 (RFC 7235, section 4.1): a header may hold several, whose parameters are separated by commas as
the challenges are. Registries behind proxies offer Negotiate, Basic and Bearer in one line:
https://github.com/google/go-containerregistry/pull/1075, https://github.com/prowler-cloud/prowler/pull/12691.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - of RFC 9110, section 5.6.2
_NEXT = re.compile(
    rf"""(?P<name>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<plain>[^\s,"=][^\s,"]*))
    |[0-9A-Za-z._~+/-]+=+(?=[\s,]|$)  # a token68, such as that of Negotiate
    |(?P<scheme>{_TOKEN})
    |.""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A way to log in.

    Attributes:
        scheme: Its name, in lower case.
        parameters: Values by name, in lower case.
    """

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: httpx.Headers) -> tuple[Challenge, ...]:
    """Return the challenges of a server's answer, in its order; other text is ignored."""
    challenges: list[tuple[str, dict[str, str]]] = []
    for part in _NEXT.finditer(", ".join(headers.get_list("www-authenticate"))):
        if part["scheme"]:
            challenges.append((part["scheme"].lower(), {}))
        elif part["name"] and challenges:
            value = re.sub(r"\\(.)", r"\1", part["quoted"]) if part["plain"] is None else part["plain"]
            challenges[-1][1].setdefault(part["name"].lower(), value)
    return tuple(Challenge(scheme=scheme, parameters=parameters) for scheme, parameters in challenges)
