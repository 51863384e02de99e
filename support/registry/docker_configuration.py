"""The file in which `docker login` and its like leave credentials for registries.

https://docs.docker.com/reference/cli/docker/login/#configure-the-credential-store; other tools read and write the same.
Keys with a path are those of https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md.
"""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from support.registry.address import DOCKER_HUB_NAMES, Address
from support.registry.credential_helpers import ask_helper
from support.registry.credentials import RegistryCredentials


class DockerConfiguration:
    """Docker's configuration; for several threads at once.

    A file that is missing, empty or broken holds no credentials and is no error, as for Docker: public images need
    none. https://github.com/docker/cli/pull/2599
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._helper_answers: dict[str, RegistryCredentials] = {}
        self._content: Mapping[str, Any] = {}
        self._problem = ""
        folder = os.environ.get("DOCKER_CONFIG")
        try:
            self._path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
        except RuntimeError:
            self._problem = "there are no credentials: there is no home folder, and DOCKER_CONFIG is not set"
            return
        try:
            # Editors of Windows begin a file with a byte order mark.
            text = self._path.read_bytes().decode("utf-8-sig")
            content = json.loads(text) if text.strip() else {}
        except FileNotFoundError:
            self._problem = f"there are no credentials, as there is no {self._path}"
        except OSError as error:
            self._problem = f"there are no credentials: {self._path} cannot be read: {error.strerror}"
        except (ValueError, RecursionError):
            self._problem = self._describe_broken("it is no JSON")
        else:
            if isinstance(content, dict):
                self._content = content
            else:
                self._problem = self._describe_broken("it is no JSON object")

    def credentials(self, address: Address) -> RegistryCredentials:
        """Return what there is for a repository.

        A credential helper comes before an entry of the file, as for Docker. One that is missing or fails is passed
        over: many registries allow anonymous reads. Of several entries, the one with the longest path counts.
        """
        if self._problem:
            return RegistryCredentials(description=self._problem)
        helpers = _mapping(self._content, "credHelpers")
        helper = helpers.get(address.login) or helpers.get(address.registry) or self._content.get("credsStore")
        from_helper = self._ask_helper(str(helper), address.login) if helper else None
        if from_helper and from_helper.user + from_helper.identity_token:
            return from_helper
        try:
            entry = find_entry(self._content, address, str(self._path))
        except ValueError as error:
            return RegistryCredentials(description=self._describe_broken(str(error)))
        return entry or from_helper or RegistryCredentials(description=f"{self._path} has no credentials for it")

    def _ask_helper(self, helper: str, server: str) -> RegistryCredentials:
        with self._lock:
            if server not in self._helper_answers:
                self._helper_answers[server] = ask_helper(helper, server, self._path)
            return self._helper_answers[server]

    def _describe_broken(self, reason: str) -> str:
        return (
            f"{self._path}, where credentials of registries are, holds no Docker configuration: {reason}; mend it, or "
            "log in again with `docker login`"
        )


def find_entry(content: Mapping[str, Any], address: Address, source: str) -> RegistryCredentials | None:
    """Return the credentials that `auths` of a configuration has for a repository; None if there are none.

    Args:
        content: The configuration.
        address: The repository.
        source: Where the configuration is from, for messages.

    Raises:
        ValueError: The entry for the repository cannot be read; the text holds nothing secret.
    """
    entries = _mapping(content, "auths")
    lengths = {key: length for key in entries if (length := _match(key, address)) is not None}
    for key in sorted(lengths, key=lengths.__getitem__, reverse=True):
        entry = _parse_entry(key, entries[key], source) if isinstance(entries[key], Mapping) else None
        if entry:
            return entry
    return None


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _match(key: str, address: Address) -> int | None:
    """Return how much of a repository's name the path of an entry's key covers; None if it is for others.

    Older keys are URLs of an API, such as `https://index.docker.io/v1/`: its version is no part of the path.
    """
    host, _, path = key.removeprefix("https://").removeprefix("http://").partition("/")
    path = path.strip("/")
    if path in ("v1", "v2") or path.startswith(("v1/", "v2/")):
        path = path[3:]
    hosts = DOCKER_HUB_NAMES if address.registry in DOCKER_HUB_NAMES else (address.registry.lower(),)
    if host.lower() not in hosts or not f"{address.name}/".startswith(f"{path}/" if path else ""):
        return None
    return len(path)


def _parse_entry(key: str, entry: Mapping[str, Any], source: str) -> RegistryCredentials | None:
    """Return the credentials of an entry; None if it has none, as those that a helper keeps.

    Raises:
        ValueError: It cannot be read; the text holds nothing secret.
    """
    values = {name: value for name, value in entry.items() if isinstance(value, str)}
    user, password = values.get("username", ""), values.get("password", "")
    if values.get("auth"):
        try:
            user, password = _decode(values["auth"])
        except ValueError:
            raise ValueError(f"auths[{key!r}].auth is not the base64 of USER:PASSWORD") from None
    identity, registry = values.get("identitytoken", ""), values.get("registrytoken", "")
    if not (user or identity or registry):
        return None
    owner = f"user {user!r}" if user else "the token"
    return RegistryCredentials(
        description=f"{owner} of {source}",
        user=user,
        password=password,
        identity_token=identity,
        registry_token=registry,
    )


def _decode(auth: str) -> tuple[str, str]:
    """Return user and password; line breaks are left out, as Go's base64 does, and padding may be missing."""
    encoded = "".join(auth.split()).rstrip("=")
    decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    # Some tools pad the password with NUL.
    user, colon, password = decoded.rstrip("\0").partition(":")
    if not colon:
        raise ValueError("no colon")
    return user, password
