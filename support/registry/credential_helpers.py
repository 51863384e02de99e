"""Programs that keep credentials: https://github.com/docker/docker-credential-helpers."""

import json
import shutil
import subprocess
from pathlib import Path

from support.registry.credentials import RegistryCredentials

_PATIENCE = 30
_TOKEN_USER = "<token>"  # noqa: S105 - the name by which a helper says that its secret is no password


def ask_helper(helper: str, server: str, path: Path) -> RegistryCredentials:
    """Return what a credential helper has for a registry; one that is missing or fails has nothing.

    Args:
        helper: Its name in Docker's configuration.
        server: The name under which it keeps the registry's credentials.
        path: The configuration, for messages.
    """
    name = f"docker-credential-{helper}"
    subject = f"{name}, which {path} names,"
    # What the file says is part of a program's name, and no way to start others.
    program = shutil.which(name) if "/" not in helper else None
    if program is None:
        return RegistryCredentials(description=f"there are no credentials: {subject} is not on PATH")
    try:
        done = subprocess.run(
            [program, "get"], input=server, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return RegistryCredentials(
            description=f"there are no credentials: {subject} did not answer within {_PATIENCE} s"
        )
    except (OSError, ValueError):
        return RegistryCredentials(description=f"there are no credentials: {subject} cannot be started")
    try:
        content = json.loads(done.stdout) if done.returncode == 0 else {}
        user, secret = str(content["Username"]), str(content["Secret"])
    except (ValueError, KeyError, TypeError):
        # Neither its output nor its messages are shown: there may be a secret in them.
        return RegistryCredentials(description=f"there are no credentials: {subject} has none for {server}")
    if user == _TOKEN_USER:
        return RegistryCredentials(description=f"the token of {name}", identity_token=secret)
    return RegistryCredentials(description=f"user {user!r} of {name}", user=user, password=secret)
