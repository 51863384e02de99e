"""Credentials for registries, where `docker login` and its like leave them.

https://docs.docker.com/reference/cli/docker/login/#configure-the-credential-store; other tools read and write the same.
"""

import base64
import binascii
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.registry.address import Address
from support.registry.errors import RegistryError

_PATIENCE = 30
_TOKEN_USER = "<token>"  # noqa: S105 - the name by which a helper says that its secret is no password


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What is known for one registry; all empty if nothing is.

    Attributes:
        said: Where they are from and whose they are, or why there are none; nothing secret.
        user: Whose they are.
        password: The password.
        identity_token: What the token server takes instead of user and password.
        registry_token: What the registry itself takes, without asking a token server.
    """

    said: str
    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str | None:
        """The header of user and password; None without a user."""
        if not self.user:
            return None
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def credentials(address: Address) -> Credentials:
    """Return what Docker's configuration has for the registry of a repository.

    A credential helper comes before an entry of the file, as for Docker. One that is missing or fails is passed over:
    many registries let everybody read.

    Raises:
        RegistryError: The file cannot be read, or holds no configuration.
    """
    path = _path()
    content = _content(path)
    helper = _mapping(content, "credHelpers").get(address.login) or content.get("credsStore")
    found = _helped(str(helper), address, path) if helper else None
    if found and found.user + found.identity_token:
        return found
    for key, entry in _mapping(content, "auths").items():
        if _host(key) == _host(address.login) and isinstance(entry, Mapping) and (kept := _kept(key, entry, path)):
            return kept
    return found or Credentials(
        said=f"{path} has no credentials for it" if content else f"there are no credentials, as there is no {path}"
    )


def _path() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RegistryError(f"{path}, where credentials of registries are, cannot be read: {error.strerror}") from None
    except ValueError:
        raise _broken(path, "it is no JSON") from None
    if not isinstance(content, dict):
        raise _broken(path, "it is no JSON object")
    return content


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _host(key: str) -> str:
    """Return the host of an entry's key: older ones are written as a URL."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _kept(key: str, entry: Mapping[str, Any], path: Path) -> Credentials | None:
    given = {name: value for name, value in entry.items() if isinstance(value, str)}
    user, password = given.get("username", ""), given.get("password", "")
    if given.get("auth"):
        try:
            # Some tools pad the password with NUL.
            user, colon, password = base64.b64decode(given["auth"], validate=True).decode().rstrip("\0").partition(":")
        except (binascii.Error, ValueError):
            colon = ""
        if not colon:
            raise _broken(path, f"auths[{key!r}].auth is not the base64 of USER:PASSWORD")
    identity, registry = given.get("identitytoken", ""), given.get("registrytoken", "")
    if not (user or identity or registry):
        return None
    whose = f"user {user!r}" if user else "the token"
    return Credentials(
        said=f"{whose} of {path}",
        user=user,
        password=password,
        identity_token=identity,
        registry_token=registry,
    )


def _helped(helper: str, address: Address, path: Path) -> Credentials:
    name = f"docker-credential-{helper}"
    named = f"{name}, which {path} names,"
    # What the file says is part of a program's name, and no way to start others.
    program = shutil.which(name) if "/" not in helper else None
    if program is None:
        return Credentials(said=f"there are no credentials: {named} is not on PATH")
    try:
        done = subprocess.run(
            [program, "get"], input=address.login, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Credentials(said=f"there are no credentials: {named} did not answer within {_PATIENCE} s")
    except (OSError, ValueError):
        return Credentials(said=f"there are no credentials: {named} cannot be started")
    try:
        content = json.loads(done.stdout) if done.returncode == 0 else {}
        user, secret = str(content["Username"]), str(content["Secret"])
    except (ValueError, KeyError, TypeError):
        # Neither its output nor its messages are shown: there may be a secret in them.
        return Credentials(said=f"there are no credentials: {named} has none for {address.login}")
    if user == _TOKEN_USER:
        return Credentials(said=f"the token of {name}", identity_token=secret)
    return Credentials(said=f"user {user!r} of {name}", user=user, password=secret)


def _broken(path: Path, why: str) -> RegistryError:
    return RegistryError(
        f"{path}, where credentials of registries are, holds no Docker configuration: {why}; mend it, or log in again "
        "with `docker login`"
    )
