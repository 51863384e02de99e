"""Logging in as a registry asks for it: by Basic, or with a token from the server that it names.

https://distribution.github.io/distribution/spec/auth/token/ and, for identity tokens, .../spec/auth/oauth/.
"""

import re
from collections.abc import Mapping
from typing import NoReturn
from urllib.request import parse_http_list

import httpx

from support.registry.address import Address, is_loopback
from support.registry.connection import Answer, Connection
from support.registry.credentials import Credentials
from support.registry.errors import NoRegistryError, RefusedLoginError, UnreachableRegistryError

_TOKEN = re.compile(r"[!-~]+")
_REFUSED = (400, 401, 403)
"""What token servers answer to a wrong password; those of OAuth 2 say 400."""


KNOWN_SCHEMES = ("bearer", "basic")


def challenges(refusal: Answer) -> Mapping[str, Mapping[str, str]]:
    """Return the parameters of each way to log in that an answer offers, by its scheme in lower case."""
    return dict(_challenge(each) for each in refusal.headers.get_list("www-authenticate"))


def authorization(connection: Connection, address: Address, refusal: Answer, known: Credentials) -> str:
    """Return the header that a registry wants to see.

    Args:
        connection: Asks the token server.
        address: What is to be read.
        refusal: The registry's answer of status 401.
        known: The credentials there are.

    Raises:
        RefusedLoginError: It wants credentials that there are not, or does not take them.
        UnreachableRegistryError: The token server does not answer.
        NoRegistryError: It asks in a way that no registry does.
    """
    wanted = challenges(refusal)
    if "bearer" in wanted:
        if known.registry_token:
            return f"Bearer {known.registry_token}"
        return f"Bearer {_token(connection, address, wanted['bearer'], known)}"
    if "basic" in wanted:
        if known.basic is None:
            refuse(address, known)
        return known.basic
    schemes = ", ".join(filter(str.isidentifier, wanted)) or "nothing"
    raise NoRegistryError(f"registry {address.registry} asks for a login by {schemes}; only Basic and Bearer are known")


def refuse(address: Address, known: Credentials, codes: tuple[str, ...] = ()) -> NoReturn:
    """Say that nobody with these credentials may read a repository.

    Raises:
        RefusedLoginError: Always.
    """
    said = f" ({', '.join(codes)})" if codes else ""
    login = "docker login" if address.registry == "docker.io" else f"docker login {address.registry}"
    raise RefusedLoginError(
        f"registry {address.registry} does not let the repository {address.name} be read{said}: {known.said}; log in "
        f"with `{login}` as somebody who may, or correct the repository: many registries do not say that there is none"
    )


def _challenge(header: str) -> tuple[str, Mapping[str, str]]:
    scheme, _, rest = header.strip().partition(" ")
    pairs = [each.partition("=") for each in parse_http_list(rest)]
    return scheme.lower(), {name.strip().lower(): value.strip().strip('"') for name, equals, value in pairs if equals}


def _token(connection: Connection, address: Address, challenge: Mapping[str, str], known: Credentials) -> str:
    realm = challenge.get("realm", "")
    if not _is_safe(realm, address):
        raise NoRegistryError(
            f"registry {address.registry} sends people to {realm!r} to log in, which is not encrypted: no credentials "
            "are sent there"
        )
    asked = {"scope": challenge.get("scope") or f"repository:{address.name}:pull"}
    if "service" in challenge:
        asked["service"] = challenge["service"]
    if known.identity_token:
        form = {**asked, "grant_type": "refresh_token", "refresh_token": known.identity_token, "client_id": "boutique"}
        answer = connection.ask("POST", realm, {}, form=form)
    else:
        headers = {"Authorization": known.basic} if known.basic else {}
        answer = connection.ask("GET", str(httpx.URL(realm).copy_merge_params(asked)), headers)
    if answer.status in _REFUSED:
        refuse(address, known, answer.codes)
    if answer.status != httpx.codes.OK:
        raise UnreachableRegistryError(
            f"the token server of registry {address.registry} answers {answer.status}; try again later"
        )
    content = answer.content if isinstance(answer.content, dict) else {}
    token = content.get("token") or content.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise NoRegistryError(f"the token server of registry {address.registry} gives no token")
    return token


def _is_safe(realm: str, address: Address) -> bool:
    try:
        url = httpx.URL(realm)
    except httpx.InvalidURL:
        return False
    authority = url.netloc.decode("ascii", "replace")
    return bool(url.host) and (
        url.scheme == "https" or (url.scheme == "http" and address.is_local and is_loopback(authority))
    )
