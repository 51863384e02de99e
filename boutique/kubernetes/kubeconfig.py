"""Kubeconfig files: finding a context, and writing one for a deployer.

Format and lookup: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from boutique.settings.errors import nearest


class KubeconfigError(ValueError):
    """There is no usable kubeconfig or context; the text names what was looked for and what exists."""


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """Where a cluster's API is reached: the `cluster` entry of a kubeconfig, with its certificate inside."""

    server: str
    entry: Mapping[str, Any]

    @property
    def authority(self) -> str | None:
        """The certificate of who signed the server's, as PEM; None for one that the machine trusts anyway."""
        data = self.entry.get("certificate-authority-data")
        return base64.b64decode(data).decode(errors="replace") if data else None


def files(configured: str | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the kubeconfig files that are read, in order of precedence, whether they exist or not."""
    if configured:
        return (Path(configured).expanduser(),)
    variable = environment.get("KUBECONFIG", "")
    return tuple(Path(part) for part in variable.split(":") if part) or (Path.home() / ".kube/config",)


def find(context: str, paths: Sequence[Path]) -> ApiServer:
    """Return the API server of a context.

    Raises:
        KubeconfigError: No file exists, one is not a kubeconfig, or none has the context with all that belongs to it;
            what other contexts lack does not matter.
    """
    clusters = _merge(paths, "cluster")
    name = _context(context, paths).get("cluster")
    if not name:
        raise KubeconfigError(f"context {context!r} names no cluster; set it with `kubectl config set-context`")
    if name not in clusters:
        raise KubeconfigError(f"context {context!r} names cluster {name!r}, which no kubeconfig describes")
    folder, cluster = clusters[name]
    if not cluster.get("server"):
        raise KubeconfigError(
            f"cluster {name!r} of context {context!r} has no server; set it with `kubectl config set-cluster`"
        )
    return ApiServer(server=cluster["server"], entry=_inline_certificates(cluster, folder))


def find_user(context: str, paths: Sequence[Path]) -> tuple[str, Mapping[str, Any], Path]:
    """Return the user of a context: its name, its entry, and the folder that paths in it are relative to.

    Raises:
        KubeconfigError: No file has the context with a user.
    """
    users = _merge(paths, "user")
    name = _context(context, paths).get("user")
    if not name:
        raise KubeconfigError(f"context {context!r} names no user; set it with `kubectl config set-context`")
    if name not in users:
        raise KubeconfigError(f"context {context!r} names user {name!r}, which no kubeconfig describes")
    folder, user = users[name]
    return name, user, folder


def reached_by(content: str) -> ApiServer:
    """Return the API server of a kubeconfig that `for_token` wrote."""
    [entry] = json.loads(content)["clusters"]
    return ApiServer(server=entry["cluster"]["server"], entry=entry["cluster"])


def through(content: str, api_server: ApiServer) -> str:
    """Return a kubeconfig that `for_token` wrote, with another way to the same API server."""
    configuration = json.loads(content)
    [entry] = configuration["clusters"]
    return json.dumps({**configuration, "clusters": [{**entry, "cluster": dict(api_server.entry)}]})


def for_token(api_server: ApiServer, *, namespace: str, user: str, token: str) -> str:
    """Return a kubeconfig, as JSON, that reaches one namespace with a ServiceAccount's token."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": dict(api_server.entry)}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": user, "context": {"cluster": "cluster", "namespace": namespace, "user": user}}],
            "current-context": user,
        }
    )


def _context(name: str, paths: Sequence[Path]) -> Mapping[str, Any]:
    contexts = _merge(paths, "context")
    if name not in contexts:
        hint = nearest(name, contexts) if contexts else "; it has none"
        existing = " or ".join(str(path) for path in paths if path.is_file())
        raise KubeconfigError(f"there is no context {name!r} in {existing}{hint}")
    return contexts[name][1]


def _merge(paths: Sequence[Path], kind: str) -> dict[str, tuple[Path, Mapping[str, Any]]]:
    """Return the entries of one kind by name, each with the folder of its file: the first file that has one wins."""
    existing = [path for path in paths if path.is_file()]
    if not existing:
        raise KubeconfigError(
            f"there is no kubeconfig at {' or '.join(map(str, paths))}; set KUBECONFIG, or boutique:cluster.kubeconfig"
        )
    entries: dict[str, tuple[Path, Mapping[str, Any]]] = {}
    for path in existing:
        content = _read(path)
        try:
            for entry in content.get(f"{kind}s") or []:
                entries.setdefault(entry["name"], (path.parent, entry.get(kind) or {}))
        except (KeyError, TypeError, AttributeError) as error:
            raise KubeconfigError(f"{path} is not a kubeconfig that kubectl would take: {error!r}") from None
    return entries


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise KubeconfigError(f"{path} cannot be read as a kubeconfig: {type(error).__name__}") from None
    if not isinstance(content, dict | None):
        raise KubeconfigError(f"{path} is not a kubeconfig")
    return content or {}


def _inline_certificates(cluster: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    entry = {key: value for key, value in cluster.items() if key != "certificate-authority"}
    if authority := cluster.get("certificate-authority"):
        try:
            data = (folder / authority).read_bytes()
        except OSError as error:
            raise KubeconfigError(f"the certificate {folder / authority} cannot be read: {error.strerror}") from None
        entry["certificate-authority-data"] = base64.b64encode(data).decode()
    return entry
