"""Reads a cluster with the rights of its admin.

Deployers have tokens, for which `boutique.kubernetes.listing` is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from boutique.kubernetes import admin_api
from boutique.kubernetes.admin_api import AdminApi, RefusedError
from boutique.kubernetes.kubeconfig import ApiServer, KubeconfigError
from boutique.kubernetes.listing import NAMES_ONLY

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ClusterAdmin:
    """Lists what an API server has.

    Attributes:
        api: The API server, as the admin reaches it.
    """

    api: AdminApi

    def metadata(self, path: str) -> tuple[Object, ...]:
        """Return the metadata of each object in a list, such as `/api/v1/namespaces`; none if there is no such API.

        Raises:
            KubeconfigError: The API server does not answer, or refuses.
        """
        return tuple(item["metadata"] for item in self._list(path, NAMES_ONLY, "items"))

    def resources(self, group_version: str) -> frozenset[str]:
        """Return the names of what a version of an API serves, such as `httproutes`; none if there is no such API.

        Raises:
            KubeconfigError: The API server does not answer, or refuses.
        """
        return frozenset(
            resource["name"] for resource in self._list(f"/apis/{group_version}", "application/json", "resources")
        )

    def _list(self, path: str, accept: str, field: str) -> tuple[Object, ...]:
        try:
            answer = self.api.request("GET", path, accept=accept)
        except RefusedError as refusal:
            if refusal.code == HTTPStatus.NOT_FOUND:
                return ()
            raise KubeconfigError(
                f"{refusal}; the context of boutique:cluster needs the rights of the cluster's admin (`kubectl auth "
                "can-i --list` shows them)"
            ) from None
        # An empty list of metadata may come as null.
        if not isinstance(answer, dict) or not isinstance(answer.get(field, ""), list | None):
            raise KubeconfigError(
                f"the API server {self.api.api_server.server} answers GET {path} with what is no list; is it the "
                "cluster's?"
            )
        return tuple(answer[field] or ())


def from_files(api_server: ApiServer, context: str, paths: Sequence[Path]) -> ClusterAdmin:
    """Return the admin of a context in kubeconfig files."""
    return ClusterAdmin(api=admin_api.of_context(context, api_server, paths))


def from_content(content: str) -> ClusterAdmin:
    """Return the admin of a kubeconfig with one cluster and one user, as JSON."""
    return ClusterAdmin(api=admin_api.of_content(content))
