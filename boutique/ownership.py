"""Which stack owns what a feature is about to make, asked before anything is planned.

The API server refuses a second owner anyway, by the conflict of server-side apply, but late and in its own words.
"""

import urllib.error
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException

from boutique import kubeconfig, labels, reach
from boutique.kubeconfig import KubeconfigError

DEPLOYMENTS = "apps/v1/namespaces/{namespace}/deployments"
HTTP_ROUTES = "gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"

# https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables describes the parameters.
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Owned:
    """One object that a stack owns.

    Attributes:
        name: Of the object.
        owner: The stack; None for an object of nobody's.
        feature: The key of the feature that it belongs to, if its labels say so.
    """

    name: str
    owner: str | None
    feature: str | None


def owned(content: str, namespace: str, collection: str) -> tuple[Owned, ...]:
    """Return the objects of one kind in a namespace.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.
        namespace: Where they are.
        collection: Which kind, `DEPLOYMENTS` or `HTTP_ROUTES`.

    Returns:
        None of them where the server goes by another name than its address (`tls-server-name`).

    Raises:
        KubeconfigError: The API server does not answer, or refuses the token.
    """
    api_server = kubeconfig.reached_by(content)
    if "tls-server-name" in api_server.entry:
        # The standard library checks no other name than the address's, and the token goes only where that fits.
        return ()
    path = f"/apis/{collection.format(namespace=namespace)}"
    address = f"{api_server.server}{path}"
    try:
        items = reach.asked(content, path, accept=_NAMES_ONLY)["items"]
    except urllib.error.HTTPError as refusal:
        refusal.close()
        raise KubeconfigError(
            f"the API server {api_server.server} answers {refusal.code} to whoever asks for {address}; "
            "run `pulumi up` of the environment's stack, which renews the deployer's token"
        ) from None
    except (OSError, ValueError, HTTPException) as error:
        raise KubeconfigError(f"the API server {api_server.server} cannot be asked for {address}: {error}") from None
    return tuple(_owned(each["metadata"]) for each in items)


def claimed(
    deployments: tuple[Owned, ...], routes: tuple[Owned, ...], *, stack: str, key: str, sessions: Mapping[str, str]
) -> Iterator[str]:
    """Return a line for each thing that a feature would make and another stack owns.

    Args:
        deployments: Those of the namespace.
        routes: The HTTPRoutes of the namespace.
        stack: The feature's.
        key: The feature's.
        sessions: By the name of their route, where the configuration lists each session.
    """
    others = [each for each in (*deployments, *routes) if each.owner != stack]
    for other in others:
        if other.name in sessions:
            yield (
                f"{sessions[other.name]}: the session has joined another feature, of stack {other.owner!r} "
                f"(HTTPRoute {other.name}); remove it there first, or here"
            )
    if taken := next((each for each in others if each.feature == key), None):
        yield (
            f"boutique:feature.key: {key!r}: belongs to the feature of stack {taken.owner!r} ({taken.name}); "
            "give this one another boutique:feature.key, or destroy that stack"
        )


def _owned(metadata: Mapping[str, dict[str, str]]) -> Owned:
    annotations, labelled = metadata.get("annotations", {}), metadata.get("labels", {})
    return Owned(name=str(metadata["name"]), owner=annotations.get(labels.OWNER), feature=labelled.get(labels.FEATURE))
