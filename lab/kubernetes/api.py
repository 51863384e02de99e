"""A small client of the Kubernetes API, without a library and without name lookups."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from lab.kubernetes import certificates

_WATCH = 300
"""Seconds after which a watch is begun anew: a connection that broke unnoticed is noticed then."""


class Api:
    """The API server as one user.

    Every call opens a connection of its own: calls are few, and a kept one would have to survive the server's restarts.
    """

    def __init__(self, host: str, port: int, pki: Path, certificate: str = "admin.pem", patience: float = 5) -> None:
        """Prepare to call.

        Args:
            host: Where the server is.
            port: Its port.
            pki: The folder of the certificates.
            certificate: The name of the user's certificate in it.
            patience: Seconds that the server may be silent.
        """
        self._patience = patience
        self._host = host
        self._port = port
        self._tls = ssl.create_default_context(cafile=pki / certificates.AUTHORITY_FILE)
        self._tls.load_cert_chain(pki / certificate)

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
        """Return the object at that path; None if it does not exist."""
        status, body = self._call("GET", path)
        return None if status == HTTPStatus.NOT_FOUND else _content(path, status, body)

    def apply(self, path: str, content: Mapping[str, Any], owner: str) -> None:
        """Apply the object at that path by server-side apply: the same content changes nothing."""
        query = urlencode({"fieldManager": owner, "force": "true"})
        # JSON is YAML: no library is needed to write what the API server calls an apply patch.
        headers = {"Content-Type": "application/apply-patch+yaml"}
        _content(path, *self._call("PATCH", f"{path}?{query}", json.dumps(content), headers))

    def create(self, path: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object or a review, and return the API server's response."""
        return _content(path, *self._call("POST", path, json.dumps(content), {"Content-Type": "application/json"}))

    def patch(self, path: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """Change an object by a strategic merge patch; return it, or None if it does not exist."""
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        status, body = self._call("PATCH", path, json.dumps(content), headers)
        return None if status == HTTPStatus.NOT_FOUND else _content(path, status, body)

    def delete(self, path: str, options: Mapping[str, Any]) -> None:
        """Delete an object if it exists and matches the options."""
        status, body = self._call("DELETE", path, json.dumps(options), {"Content-Type": "application/json"})
        if status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            _content(path, status, body)

    def watch(self, path: str, version: str) -> Iterator[dict[str, Any]]:
        """Return the events in a collection after one of its resource versions, for some minutes at most."""
        query = urlencode({"watch": "true", "resourceVersion": version, "timeoutSeconds": str(_WATCH)})
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=_WATCH + 5, context=self._tls)
        try:
            connection.request("GET", f"{path}?{query}")
            response = connection.getresponse()
            if response.status != HTTPStatus.OK:
                _content(path, response.status, response.read())
            while line := response.readline():
                yield json.loads(line)
        finally:
            connection.close()

    def _call(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=self._patience, context=self._tls)
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
