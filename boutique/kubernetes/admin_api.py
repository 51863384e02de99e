"""Requests to an API server with the rights of the cluster's admin, made by the program itself."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any

from boutique.kubernetes import api_client, kubeconfig
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.kubernetes.kubeconfig_user import Credentials, resolve_credentials
from support.network_settings import NetworkSettingError

METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
MERGE_PATCH = "application/merge-patch+json"
TIMEOUT_SECONDS = 30.0
"""Records of Helm's are large."""


class RefusedError(KubeconfigError):
    """The API server has answered with an error.

    Attributes:
        code: The HTTP status.
    """

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, kw_only=True)
class AdminApi:
    """An API server as the cluster's admin reaches it.

    Attributes:
        api_server: Its address.
        find_credentials: Returns the admin's; called before the first request, since a plugin may have to be run.
    """

    api_server: ApiServer
    find_credentials: Callable[[], Credentials]

    @cached_property
    def credentials(self) -> Credentials:
        """The admin's credentials.

        Raises:
            KubeconfigError: There are none that can be used.
        """
        return self.find_credentials()

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        # To read the trusted authorities takes longer than a request.
        return api_client.opener(self.api_server, self.credentials.certificate)

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request, and return the answer.

        Raises:
            RefusedError: The API server refuses the request.
            KubeconfigError: It does not answer, or with something else than JSON.
        """
        # Without the query, which says nothing to a reader.
        address = f"{self.api_server.server}{path.partition('?')[0]}"
        request = urllib.request.Request(  # noqa: S310 - the address is that of an API server
            f"{self.api_server.server}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={**self.credentials.headers, "Accept": accept, "Content-Type": content_type},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                content: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise RefusedError(
                    refusal.code, f"{method} {address} is refused: {refusal.code} {_reason(refusal)}"
                ) from None
        except NetworkSettingError as error:
            raise KubeconfigError(str(error)) from None
        except (OSError, ValueError, HTTPException) as error:
            raise KubeconfigError(
                f"{method} {address} has no answer: {error}; is the cluster running? Run the command again"
            ) from None
        return content


def of_context(context: str, api_server: ApiServer, paths: Sequence[Path]) -> AdminApi:
    """Return the API server of a context as the context's user reaches it."""

    def find_credentials() -> Credentials:
        name, user, folder = kubeconfig.find_user(context, paths)
        return resolve_credentials(user, name, folder, api_server)

    return AdminApi(api_server=api_server, find_credentials=find_credentials)


def of_content(content: str) -> AdminApi:
    """Return the API server of a kubeconfig with one cluster and one user, as JSON."""
    api_server = kubeconfig.reached_by(content)
    [user] = json.loads(content)["users"]
    return AdminApi(
        api_server=api_server,
        find_credentials=lambda: resolve_credentials(user["user"], user["name"], Path(), api_server),
    )


def _reason(refusal: urllib.error.HTTPError) -> str:
    """Return what the API server says of a refusal: the message of its Status, else the words of HTTP."""
    try:
        return str(json.load(refusal)["message"])
    except (OSError, ValueError, LookupError, TypeError):
        return str(refusal.reason)
