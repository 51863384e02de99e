"""Logging in as a registry asks for it: by Basic, or with a token from the server that it names.

https://distribution.github.io/distribution/spec/auth/token/ and, for identity tokens, .../spec/auth/oauth/.
"""

import re
from collections.abc import Mapping
from typing import NoReturn

import httpx

from support.registry.address import Address, is_loopback
from support.registry.challenges import parse_challenges
from support.registry.connection import RegistryAnswer, RegistryConnection
from support.registry.credentials import RegistryCredentials
from support.registry.registry_errors import NoRegistryError, RefusedLoginError, UnreachableRegistryError

_TOKEN = re.compile(r"[!-~]+")
_REFUSED = (400, 401, 403)
"""The status codes of token servers for a wrong password; those of OAuth 2 answer 400."""


def authorization(
    connection: RegistryConnection, address: Address, refusal: RegistryAnswer, credentials: RegistryCredentials
) -> str:
    """Return the Authorization header for a registry that asked for a login.

    Args:
        connection: Asks the token server.
        address: What is to be read.
        refusal: The registry's answer of status 401.
        credentials: The credentials for the registry; may be empty.

    Raises:
        RefusedLoginError: The registry wants credentials and has none, or does not accept them.
        UnreachableRegistryError: The token server does not answer.
        NoRegistryError: The registry asks for a login in a way that is not supported.
    """
    challenges = parse_challenges(refusal.headers)
    bearers = [challenge.parameters for challenge in challenges if challenge.scheme == "bearer"]
    if bearers and credentials.registry_token:
        return f"Bearer {credentials.registry_token}"
    for parameters in bearers:
        if realm := _token_server(parameters, refusal, address):
            return f"Bearer {_token(connection, address, realm, parameters, credentials)}"
    if any(challenge.scheme == "basic" for challenge in challenges):
        if credentials.basic is None:
            refuse(address, credentials)
        return credentials.basic
    if bearers:
        raise NoRegistryError(
            f"registry {address.registry} sends clients to {bearers[0].get('realm', '')!r} to log in, which is not "
            "encrypted: no credentials are sent there"
        )
    schemes = ", ".join(dict.fromkeys(challenge.scheme for challenge in challenges)) or "nothing"
    raise NoRegistryError(f"registry {address.registry} asks for a login by {schemes}; only Basic and Bearer are known")


def refuse(address: Address, credentials: RegistryCredentials, codes: tuple[str, ...] = ()) -> NoReturn:
    """Raise the error of a repository that these credentials may not read.

    Raises:
        RefusedLoginError: Always.
    """
    reason = f" ({', '.join(codes)})" if codes else ""
    login = "docker login" if address.registry == "docker.io" else f"docker login {address.registry}"
    raise RefusedLoginError(
        f"registry {address.registry} does not let the repository {address.name} be read{reason}: "
        f"{credentials.description}; log in with `{login}` and an account that may read it, or correct the repository: "
        "many registries answer the same for a repository that does not exist"
    )


def _token(
    connection: RegistryConnection,
    address: Address,
    realm: str,
    challenge: Mapping[str, str],
    credentials: RegistryCredentials,
) -> str:
    query = {"scope": challenge.get("scope") or f"repository:{address.name}:pull"}
    if "service" in challenge:
        query["service"] = challenge["service"]
    if credentials.identity_token:
        form = {
            **query,
            "grant_type": "refresh_token",
            "refresh_token": credentials.identity_token,
            "client_id": "boutique",
        }
        answer = connection.ask("POST", realm, {}, form=form)
    else:
        headers = {"Authorization": credentials.basic} if credentials.basic else {}
        answer = connection.ask("GET", str(httpx.URL(realm).copy_merge_params(query)), headers)
    if answer.status in _REFUSED:
        refuse(address, credentials, answer.codes)
    if answer.status != httpx.codes.OK:
        raise UnreachableRegistryError(
            f"the token server of registry {address.registry} answers {answer.status}; try again later"
        )
    content = answer.content if isinstance(answer.content, dict) else {}
    token = content.get("token") or content.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise NoRegistryError(f"the token server of registry {address.registry} gives no token")
    return token


def _token_server(challenge: Mapping[str, str], refusal: RegistryAnswer, address: Address) -> str | None:
    """Return the URL of a Bearer challenge; None if credentials must not be sent there, or it is no URL."""
    realm = challenge.get("realm", "")
    try:
        # zot's is a path: https://github.com/project-zot/zot/issues/4033
        url = refusal.url.join(realm) if realm.startswith("/") else httpx.URL(realm)
    except httpx.InvalidURL:
        return None
    authority = url.netloc.decode("ascii", "replace")
    is_local = url.scheme == "http" and address.is_local and is_loopback(authority)
    return str(url) if url.host and (url.scheme == "https" or is_local) else None
