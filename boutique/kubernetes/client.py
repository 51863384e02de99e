"""The Kubernetes API, for the program and the command: one request, one list, and whether a server answers at all.

An unanswered question is an error. Only a kind whose API is not installed has no objects.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import quote

from boutique.kubernetes import connection, kubeconfig
from boutique.kubernetes.connection import Request, UnansweredError
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.kubernetes.kubeconfig_user import Credentials, resolve_credentials

# https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables describes the parameters.
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
"""The form of an answer without specs."""
MERGE_PATCH = "application/merge-patch+json"
TIMEOUT_SECONDS = 30.0
"""Records of Helm's are large, and so are the lists of a whole cluster."""

_ADMIN_REMEDY = (
    "the context of boutique:cluster needs the rights of the cluster's admin (`kubectl auth can-i --list` shows them)"
)
_DEPLOYER_REMEDY = (
    "run `pulumi up` of the stack that owns the cluster, which renews the deployer's token, then of the environment's"
)
_ALWAYS_SERVED = ("/api/v1/", "/apis/apps/")

Object = Mapping[str, Any]


class RefusedError(KubeconfigError):
    """The API server answers with an error.

    Attributes:
        code: The HTTP status.
    """

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, kw_only=True)
class KubernetesApi:
    """An API server as one user reaches it.

    Attributes:
        api_server: Its address.
        find_credentials: Returns the user's; called before the first request, since a plugin may have to be run.
        remedy: What to do where the user lacks a right.
    """

    api_server: ApiServer
    find_credentials: Callable[[], Credentials]
    remedy: str

    @cached_property
    def credentials(self) -> Credentials:
        """The user's credentials.

        Raises:
            KubeconfigError: The kubeconfig has no usable credentials.
        """
        return self.find_credentials()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = "application/json",
        content_type: str = "application/json",
        seconds: float = TIMEOUT_SECONDS,
    ) -> dict[str, Any]:
        """Send one request, and return the answer.

        Raises:
            RefusedError: The API server refuses the request.
            KubeconfigError: It does not answer, or with something other than an object.
        """
        # Without the query, which says nothing to a reader.
        server, address = self.api_server.server, path.partition("?")[0]
        headers = (*self.credentials.headers, ("Accept", accept))
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            headers = (*headers, ("Content-Type", content_type), ("Content-Length", str(len(content))))
        request = Request(method=method, path=path, headers=headers, body=content)
        try:
            response = connection.send(
                self.api_server, request, seconds=seconds, certificate=self.credentials.certificate
            )
        except UnansweredError as error:
            raise KubeconfigError(
                f"the API server {server} does not answer {method} {address}: {error}; is the cluster running?"
            ) from None
        answer = _parse(response.content)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            reason = str((answer or {}).get("message") or responses.get(response.status, "without a reason"))
            raise RefusedError(
                response.status, f"the API server {server} answers {response.status} to {method} {address}: {reason}"
            )
        if answer is None:
            raise self._misunderstood(method, address, "an object")
        return answer

    def list_objects(
        self, path: str, *, selector: str = "", accept: str = "application/json", seconds: float = TIMEOUT_SECONDS
    ) -> tuple[Object, ...]:
        """Return the objects of a list, all pages of it; none where the API of the kind is not installed.

        Args:
            path: Such as `/api/v1/namespaces`.
            selector: Of labels.
            accept: In which form the answer is wanted, such as `METADATA_LIST`.
            seconds: How long each page may take.

        Raises:
            KubeconfigError: The API server does not answer, refuses, or answers something else.
        """
        query = f"?labelSelector={quote(selector)}" if selector else ""
        objects: list[Object] = []
        answer = self._get(f"{path}{query}", accept, seconds)
        if answer is None:
            return ()
        while True:
            # An empty list of metadata may come as null.
            items = answer.get("items", "")
            if not isinstance(items, list | None):
                raise self._misunderstood("GET", path, "a list")
            objects += items or ()
            following = (answer.get("metadata") or {}).get("continue")
            if not following:
                return tuple(objects)
            query = f"?continue={quote(following)}" + (f"&labelSelector={quote(selector)}" if selector else "")
            answer = self.request("GET", f"{path}{query}", accept=accept, seconds=seconds)

    def list_metadata(self, path: str, selector: str = "") -> tuple[Object, ...]:
        """Return the metadata of each object of a list; see `list_objects`."""
        return tuple(item["metadata"] for item in self.list_objects(path, selector=selector, accept=METADATA_LIST))

    def served_resources(self, group_version: str) -> frozenset[str]:
        """Return the names of what a version of an API serves, such as `httproutes`; none if there is no such API.

        Raises:
            KubeconfigError: The API server does not answer, refuses, or answers something else.
        """
        path = f"/apis/{group_version}"
        answer = self._get(path, "application/json", TIMEOUT_SECONDS)
        if answer is None:
            return frozenset()
        if not isinstance(answer.get("resources"), list):
            raise self._misunderstood("GET", path, "a list")
        return frozenset(resource["name"] for resource in answer["resources"])

    def _get(self, path: str, accept: str, seconds: float) -> dict[str, Any] | None:
        """Return an answer; None where the API that is asked for is not installed."""
        try:
            return self.request("GET", path, accept=accept, seconds=seconds)
        except RefusedError as refusal:
            if refusal.code == HTTPStatus.NOT_FOUND and not path.startswith(_ALWAYS_SERVED):
                return None
            raise RefusedError(refusal.code, f"{refusal}; {self.remedy}") from None

    def _misunderstood(self, method: str, address: str, expected: str) -> KubeconfigError:
        return KubeconfigError(
            f"the API server {self.api_server.server} answers {method} {address} with something other than "
            f"{expected}; is it the cluster's?"
        )


def for_context(context: str, api_server: ApiServer, paths: Sequence[Path]) -> KubernetesApi:
    """Return the API server of a context as the context's user, the cluster's admin, reaches it."""

    def find_credentials() -> Credentials:
        name, user, folder = kubeconfig.find_user(context, paths)
        return resolve_credentials(user, name, folder, api_server)

    return KubernetesApi(api_server=api_server, find_credentials=find_credentials, remedy=_ADMIN_REMEDY)


def for_admin(content: str) -> KubernetesApi:
    """Return the API server of an admin's kubeconfig with one cluster and one user, as JSON."""
    api_server = kubeconfig.reached_by(content)
    [user] = json.loads(content)["users"]
    return KubernetesApi(
        api_server=api_server,
        find_credentials=lambda: resolve_credentials(user["user"], user["name"], Path(), api_server),
        remedy=_ADMIN_REMEDY,
    )


def for_deployer(content: str) -> KubernetesApi:
    """Return the API server of a kubeconfig that `kubeconfig.for_token` wrote."""
    [user] = json.loads(content)["users"]
    credentials = Credentials(headers=(("Authorization", f"Bearer {user['user']['token']}"),))
    return KubernetesApi(
        api_server=kubeconfig.reached_by(content), find_credentials=lambda: credentials, remedy=_DEPLOYER_REMEDY
    )


def ensure_reachable(api_server: ApiServer, name: str) -> None:
    """Ask an API server for its version.

    Args:
        api_server: The API server.
        name: How the configuration names the cluster.

    Raises:
        KubeconfigError: Nothing answers in time, or another server does; any answer over HTTP is taken as a yes.
    """
    try:
        connection.send(
            api_server, Request(method="GET", path="/version", headers=()), seconds=connection.TIMEOUT_SECONDS
        )
    except UnansweredError as error:
        raise KubeconfigError(
            f"the API server {api_server.server} of {name} does not answer: {error}; "
            "is the cluster running, and is the kubeconfig the one it was made with?"
        ) from None


def _parse(content: bytes) -> dict[str, Any] | None:
    """Return an object of JSON; None for anything else, such as the page of a proxy."""
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
