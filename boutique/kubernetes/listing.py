"""The objects of one kind in a namespace, as its deployer sees them, before anything is planned."""

import urllib.error
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from boutique.kubernetes import api_client, kubeconfig
from boutique.kubernetes.kubeconfig import KubeconfigError

DEPLOYMENTS = "apps/v1/namespaces/{namespace}/deployments"
SERVICES = "v1/namespaces/{namespace}/services"
SERVICE_ACCOUNTS = "v1/namespaces/{namespace}/serviceaccounts"
CONFIG_MAPS = "v1/namespaces/{namespace}/configmaps"
SECRETS = "v1/namespaces/{namespace}/secrets"
DISRUPTION_BUDGETS = "policy/v1/namespaces/{namespace}/poddisruptionbudgets"
HTTP_ROUTES = "gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"
RESOURCE_QUOTAS = "v1/namespaces/{namespace}/resourcequotas"
LIMIT_RANGES = "v1/namespaces/{namespace}/limitranges"
VIRTUAL_SERVICES = "networking.istio.io/v1/namespaces/{namespace}/virtualservices"

# https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables describes the parameters.
NAMES_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
"""The form of an answer without specs."""

Object = Mapping[str, Any]


def whole_cluster(collection: str) -> str:
    """Return the path of the objects of one kind in all namespaces."""
    return _path(collection.replace("namespaces/{namespace}/", ""))


def _path(collection: str) -> str:
    return f"/{'api' if collection.startswith('v1/') else 'apis'}/{collection}"


def listed(content: str, namespace: str, collection: str, *, accept: str = "application/json") -> tuple[Object, ...]:
    """Return the objects of one kind in a namespace.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.
        namespace: Where they are.
        collection: Which kind, such as `DEPLOYMENTS`.
        accept: In which form the answer is wanted.

    Returns:
        None of them where the cluster does not know the kind, which may be of an API that is not installed.

    Raises:
        KubeconfigError: The API server does not answer, answers something else, or refuses the token.
    """
    api_server = kubeconfig.reached_by(content)
    path = _path(collection.format(namespace=namespace))
    address = f"{api_server.server}{path}"
    try:
        # The API server writes null for an empty list of metadata.
        return tuple(api_client.asked(content, path, accept=accept)["items"] or ())
    except urllib.error.HTTPError as refusal:
        refusal.close()
        # Every API server has the kinds of these groups: what does not know them is none.
        if refusal.code == HTTPStatus.NOT_FOUND and not collection.startswith(("v1/", "apps/")):
            return ()
        raise KubeconfigError(
            f"the API server {api_server.server} answers {refusal.code} to a request for {address}; run `pulumi up` "
            "of the stack that owns the cluster, which renews the deployer's token, then of the environment's"
        ) from None
    except (LookupError, TypeError):
        raise KubeconfigError(
            f"the API server {api_server.server} answers {address} with what is no list; is it the cluster's?"
        ) from None
    except (OSError, ValueError, HTTPException) as error:
        raise KubeconfigError(f"the API server {api_server.server} cannot be asked for {address}: {error}") from None
