"""Reads and corrects the records of Helm releases in a cluster."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from boutique.helm import records
from boutique.helm.records import HelmRecord
from boutique.helm.releases import HelmRelease
from boutique.kubernetes import client
from boutique.kubernetes.client import KubernetesApi, RefusedError
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.names import labels


def list_records(api: KubernetesApi, releases: Sequence[HelmRelease]) -> tuple[HelmRecord, ...]:
    """Return all records of releases in one namespace; none if there is no such namespace.

    Raises:
        KubeconfigError: The API server does not answer or refuses, or a record is not Helm's.
    """
    [namespace] = {release.namespace for release in releases}
    names = ",".join(release.name for release in releases)
    query = urlencode(
        {"labelSelector": f"owner=helm,name in ({names})", "fieldSelector": f"type={records.TYPE}"},
    )
    path = f"/api/v1/namespaces/{namespace}/secrets?{query}"
    try:
        answer = api.request("GET", path, accept=client.METADATA_LIST)
        # The API server writes null for an empty list of metadata.
        items = [item["metadata"] for item in answer["items"] or ()]
    except RefusedError as refusal:
        raise _explain(refusal, "list", namespace) from None
    except (LookupError, TypeError):
        raise KubeconfigError(
            f"the API server {api.api_server.server} answers with something else than a list of Secrets; "
            "is it the cluster's?"
        ) from None
    return tuple(HelmRecord.of(metadata) for metadata in items)


def read_secret(api: KubernetesApi, record: HelmRecord) -> dict[str, Any]:
    """Return the Secret of a record.

    Raises:
        KubeconfigError: The API server does not answer, or refuses.
    """
    try:
        return api.request("GET", _path(record))
    except RefusedError as refusal:
        raise _explain(refusal, "get", record.namespace) from None


def namespace_owner(api: KubernetesApi, namespace: str) -> str | None:
    """Return the stack that owns a namespace; None for a namespace that no stack owns.

    Raises:
        KubeconfigError: The API server does not answer, or refuses.
    """
    try:
        answer = api.request("GET", f"/api/v1/namespaces/{namespace}", accept=client.METADATA)
    except RefusedError as refusal:
        raise KubeconfigError(f"{refusal}; the user of the kubeconfig needs the right to get namespaces") from None
    owner: str | None = (answer["metadata"].get("annotations") or {}).get(labels.OWNER)
    return owner


def remove(api: KubernetesApi, record: HelmRecord) -> None:
    """Delete a record, unless it has changed since it was read.

    Raises:
        KubeconfigError: The API server does not answer or refuses, or the record has changed.
    """
    preconditions = {"uid": record.uid, "resourceVersion": record.version}
    try:
        api.request("DELETE", _path(record), {"preconditions": preconditions})
    except RefusedError as refusal:
        if refusal.code != HTTPStatus.NOT_FOUND:
            raise _explain(refusal, "delete", record.namespace) from None


def mark_failed(api: KubernetesApi, record: HelmRecord) -> None:
    """Mark a revision as failed, unless its record has changed since it was read.

    Raises:
        KubeconfigError: The API server does not answer or refuses, or the record has changed or is not Helm's.
    """
    secret = read_secret(api, record)
    secret["metadata"].update(uid=record.uid, resourceVersion=record.version)
    patch = records.failure_patch(secret, f"was {record.status} when its update was interrupted")
    try:
        api.request("PATCH", _path(record), patch, content_type=client.MERGE_PATCH)
    except RefusedError as refusal:
        raise _explain(refusal, "patch", record.namespace) from None


def _path(record: HelmRecord) -> str:
    return f"/api/v1/namespaces/{record.namespace}/secrets/{record.secret}"


def _explain(refusal: RefusedError, verb: str, namespace: str) -> KubeconfigError:
    """Return an error with the remedy for a refusal."""
    if refusal.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        remedy = (
            "Helm keeps its releases in Secrets: the user of the kubeconfig needs the right to "
            f"{verb} those of namespace {namespace!r}"
        )
    elif refusal.code in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
        remedy = "another process is changing the release at this moment; wait for it, and run the command again"
    else:
        remedy = "run the command again"
    return KubeconfigError(f"{refusal}; {remedy}")
