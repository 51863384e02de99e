"""The user of a context: the credentials by which the program itself asks an API server.

Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo
"""

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError

_PATIENCE_SECONDS = 60.0
_IMPERSONATION = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The headers and the client certificate that authenticate a request.

    Attributes:
        headers: Of every request.
        certificate: A client certificate and its key as PEM, one after the other; empty for none.
    """

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    certificate: str = field(default="", repr=False)


def resolve_credentials(user: Mapping[str, Any], name: str, folder: Path, api_server: ApiServer) -> Credentials:
    """Return the credentials of a user, as client-go resolves them.

    Args:
        user: The `user` entry of a kubeconfig.
        name: Of the user.
        folder: What relative paths are relative to.
        api_server: What the credentials are for.

    Raises:
        KubeconfigError: A file, a plugin or a setting cannot be used; the text has no secret in it.
    """
    if "auth-provider" in user:
        raise KubeconfigError(
            f"user {name!r} of the kubeconfig has an auth-provider, which the program cannot use; give the user an "
            "`exec` plugin instead, such as kubelogin, or a token"
        )
    if "exec" in user:
        user = {**user, **_run_plugin(user["exec"], name, folder, api_server)}
    headers = [(header, str(user[key])) for key, header in _IMPERSONATION.items() if user.get(key)]
    headers += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or ()]
    if token := _text(user, "tokenFile", folder, name).strip() or user.get("token"):
        headers.append(("Authorization", f"Bearer {token}"))
    elif user.get("username"):
        login = base64.b64encode(f"{user['username']}:{user.get('password', '')}".encode()).decode()
        headers.append(("Authorization", f"Basic {login}"))
    certificate = _pem(user, "client-certificate", folder, name)
    key = _pem(user, "client-key", folder, name)
    return Credentials(headers=tuple(headers), certificate=f"{certificate}\n{key}" if certificate and key else "")


def _run_plugin(plugin: Mapping[str, Any], name: str, folder: Path, api_server: ApiServer) -> dict[str, Any]:
    """Return what a credential plugin answers, as keys of a user.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
    """
    command = str(plugin.get("command", ""))
    spec = {"interactive": False, **({"cluster": dict(api_server.entry)} if plugin.get("provideClusterInfo") else {})}
    request = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
    environment = {str(variable["name"]): str(variable["value"]) for variable in plugin.get("env") or ()}
    try:
        done = subprocess.run(
            [str(folder / command) if "/" in command else command, *map(str, plugin.get("args") or ())],
            env={**os.environ, **environment, "KUBERNETES_EXEC_INFO": json.dumps(request)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
        status = json.loads(done.stdout)["status"]
        answer = {"token": status.get("token")}
        if certificate := status.get("clientCertificateData"):
            answer["client-certificate-data"] = base64.b64encode(certificate.encode()).decode()
            answer["client-key-data"] = base64.b64encode(status["clientKeyData"].encode()).decode()
    except subprocess.CalledProcessError as error:
        reason = f"ended with {error.returncode}: {error.stderr.strip()[-500:]}"
    except subprocess.TimeoutExpired:
        reason = f"did not answer within {_PATIENCE_SECONDS:.0f} s"
    except OSError as error:
        reason = f"cannot be run: {error.strerror}"
    except (ValueError, LookupError, TypeError, AttributeError):
        reason = "did not answer with an ExecCredential that has a status"
    else:
        return answer
    hint = plugin.get("installHint") or "run it by hand to see why"
    raise KubeconfigError(f"user {name!r} of the kubeconfig: its plugin {command!r} {reason}; {hint}")


def _pem(user: Mapping[str, Any], key: str, folder: Path, name: str) -> str:
    if data := user.get(f"{key}-data"):
        return base64.b64decode(data).decode(errors="replace")
    return _text(user, key, folder, name)


def _text(user: Mapping[str, Any], key: str, folder: Path, name: str) -> str:
    if not user.get(key):
        return ""
    try:
        return (folder / str(user[key])).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise KubeconfigError(
            f"user {name!r} of the kubeconfig: {key} {folder / str(user[key])} cannot be read: {type(error).__name__}"
        ) from None
