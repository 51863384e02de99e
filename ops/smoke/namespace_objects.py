"""Lists and deletes the objects of one namespace with the rights of its deployer."""

import urllib.error
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from boutique.kubernetes import api_client, kubeconfig
from ops.errors import ClusterError

DEPLOYMENTS = "apps/v1/{}/deployments"
SERVICES = "v1/{}/services"
HTTP_ROUTES = "gateway.networking.k8s.io/v1/{}/httproutes"
VIRTUAL_SERVICES = "networking.istio.io/v1/{}/virtualservices"

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """One namespace.

    Attributes:
        name: Its name.
        deployer: Its kubeconfig, as JSON. Secret.
    """

    name: str
    deployer: str = field(repr=False)

    def list_objects(self, collection: str, selector: str = "") -> tuple[Object, ...]:
        """List the objects of a kind that match a label selector; none if the API of the kind is not installed.

        Raises:
            ClusterError: The API server does not answer, refuses, or answers with something other than a list.
        """
        query = f"?labelSelector={urllib.parse.quote(selector)}" if selector else ""
        path = f"{self._path(collection)}{query}"
        answer = self._request("GET", path)
        if answer is None and collection in (HTTP_ROUTES, VIRTUAL_SERVICES):
            return ()
        if answer is None or not isinstance(answer.get("items"), list):
            server = kubeconfig.reached_by(self.deployer).server
            raise ClusterError(
                f"the API server {server} answers {path} with something other than a list; is it the cluster's?"
            )
        return tuple(answer["items"])

    def delete(self, collection: str, name: str) -> None:
        """Delete an object, if it exists.

        Raises:
            ClusterError: The API server does not answer, or refuses.
        """
        self._request("DELETE", f"{self._path(collection)}/{name}")

    def _path(self, collection: str) -> str:
        root = "api" if collection.startswith("v1/") else "apis"
        return f"/{root}/{collection.format(f'namespaces/{self.name}')}"

    def _request(self, method: str, path: str) -> dict[str, Any] | None:
        server = kubeconfig.reached_by(self.deployer).server
        try:
            content: dict[str, Any] = api_client.asked(self.deployer, path, method=method)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise ClusterError(
                f"the API server {server} answers {error.code} to {method} {path}; run `pulumi up` of the "
                "stack that owns the cluster, which renews the deployer's token"
            ) from None
        except (OSError, ValueError, HTTPException) as error:
            raise ClusterError(
                f"the API server {server} cannot be asked for {path}: {error}; is the cluster running?"
            ) from None
        return content
