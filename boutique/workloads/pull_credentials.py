"""Whether kubelets can pull images with the Docker configuration in `boutique:registryCredentials`.

A kubelet reads `auths` alone, of each entry user and password; one `auth` that is not the base64 of both makes the
whole Secret unreadable. `credsStore` and `credHelpers` name programs on the machine where the login was:
https://github.com/kubernetes/kubernetes/blob/v1.30.0/pkg/credentialprovider/config.go,
https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/.
"""

import base64
import json
from collections.abc import Collection, Mapping
from typing import Any

from boutique.application.application import Application
from boutique.settings.errors import ErrorLine
from boutique.settings.release_settings import Release
from boutique.settings.stack import Environment
from boutique.workloads.resolved_workload import resolve_workloads

KEY = "registryCredentials"
SECRET_NAME = "registry-credentials"  # noqa: S105 - the name of a Secret
_DOCKER_HUB = "docker.io"
_DOCKER_HUB_NAMES = (_DOCKER_HUB, "index.docker.io", "registry-1.docker.io")


def credential_errors(text: str, wanted: Collection[str]) -> list[ErrorLine]:
    """Return why kubelets cannot pull with a Docker configuration: a line each, with nothing secret in it.

    Args:
        text: The configuration.
        wanted: The registries that images are pulled from with it, as far as this stack has them.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        return [
            ErrorLine(
                "invalid-docker-config",
                f"boutique:{KEY}: is no Docker configuration, a JSON object with `auths`; {_remedy('REGISTRY')}",
            )
        ]
    entries, helpers = _mapping(content, "auths"), _mapping(content, "credHelpers")
    unreadable = [registry for registry, entry in entries.items() if not _is_readable(entry)]
    if unreadable:
        return [
            ErrorLine(
                "invalid-auth",
                f"boutique:{KEY}: auths[{registry!r}].auth is not the base64 of USER:PASSWORD; {_remedy(registry)}",
            )
            for registry in unreadable
        ]
    usable = {registry for registry, entry in entries.items() if _is_usable(entry)}
    elsewhere = {registry: _keeper(content, registry) for registry in (*entries, *helpers) if registry not in usable}
    if usable:
        elsewhere = {registry: keeper for registry, keeper in elsewhere.items() if _host(registry) in wanted}
        if not elsewhere:
            return []
    others = {registry for registry in elsewhere if _host(registry) not in wanted}
    names = sorted(elsewhere if usable else {*wanted, *others}) or ["any registry"]
    keepers = sorted(set(elsewhere.values())) if elsewhere else [_keeper(content, "")]
    kept = " and ".join(filter(None, keepers))
    where = f": {kept} keeps them on the machine of the login, where no node reads them" if kept else ""
    return [
        ErrorLine(
            "no-credentials",
            f"boutique:{KEY}: holds no user and password for {', '.join(names)}{where}; {_remedy(names[0])}",
        )
    ]


def registries(application: Application, environment: Environment, release: Release | None) -> set[str]:
    """Return the registries that images of an environment are pulled from with the platform's Secret."""
    return {
        _registry(workload.image.repository)
        for workload in resolve_workloads(application, environment, release)
        if SECRET_NAME in workload.pull_secrets
    }


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _is_readable(entry: object) -> bool:
    auth = entry.get("auth") if isinstance(entry, dict) else None
    if not auth:
        return True
    try:
        encoded = "".join(auth.split()).rstrip("=")
        return b":" in base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (AttributeError, ValueError):
        return False


def _is_usable(entry: object) -> bool:
    return isinstance(entry, dict) and bool(entry.get("auth") or (entry.get("username") and entry.get("password")))


def _keeper(content: Mapping[str, Any], registry: str) -> str:
    if registry in _mapping(content, "credHelpers"):
        return "credHelpers"
    return f"credsStore {content['credsStore']!r}" if content.get("credsStore") else ""


def _remedy(registry: str) -> str:
    server = "REGISTRY" if registry == "any registry" else registry
    return (
        f"set it to what `kubectl create secret docker-registry x --docker-server={server} --docker-username=USER "
        "--docker-password=PASSWORD --dry-run=client "
        "-o go-template='{{index .data \".dockerconfigjson\" | base64decode}}'` prints"
    )


def _host(key: str) -> str:
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return _DOCKER_HUB if host in _DOCKER_HUB_NAMES else host


def _registry(repository: str) -> str:
    first, slash, _ = repository.partition("/")
    return first if slash and (first == "localhost" or any(mark in first for mark in ".:")) else _DOCKER_HUB
