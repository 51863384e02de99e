"""As much of a client of the Kubernetes API as the supervisor needs: no library of its own, no name lookups."""

import http.client
import json
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lab.kubernetes import certificates


class Api:
    """The API server, seen by the administrator.

    Every call opens a connection of its own: calls are few, and a kept one would have to survive the server's restarts.
    """

    def __init__(self, host: str, port: int, pki: Path) -> None:
        self._host = host
        self._port = port
        self._tls = ssl.create_default_context(cafile=pki / certificates.AUTHORITY_FILE)
        self._tls.load_cert_chain(pki / "admin.pem")

    def ready(self) -> bool:
        """Say whether the API server is ready to serve."""
        try:
            return self._call("GET", "/readyz")[0] == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> dict[str, Any]:
        """Return the object at that path."""
        return _content(path, *self._call("GET", path))

    def find(self, path: str) -> dict[str, Any] | None:
        """Return the object at that path, or nothing if there is none."""
        status, body = self._call("GET", path)
        return None if status == HTTPStatus.NOT_FOUND else _content(path, status, body)

    def apply(self, path: str, content: Mapping[str, Any], owner: str) -> None:
        """Make the object at that path as described, by server-side apply: the same again changes nothing."""
        query = urlencode({"fieldManager": owner, "force": "true"})
        # JSON is YAML: no library is needed to write what the API server calls an apply patch.
        headers = {"Content-Type": "application/apply-patch+yaml"}
        _content(path, *self._call("PATCH", f"{path}?{query}", json.dumps(content), headers))

    def _call(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=5, context=self._tls)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def _content(path: str, status: int, body: bytes) -> dict[str, Any]:
    if status >= HTTPStatus.BAD_REQUEST:
        message = f"the API server answered {status} to {path}: {body.decode(errors='replace')[:500]}"
        raise OSError(message)
    content: dict[str, Any] = json.loads(body)
    return content
