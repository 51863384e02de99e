"""The objects of one kind in a namespace, as its deployer sees them, before anything is planned."""

from boutique.kubernetes import client
from boutique.kubernetes.client import Object

DEPLOYMENTS = "apps/v1/namespaces/{namespace}/deployments"
PODS = "v1/namespaces/{namespace}/pods"
SERVICES = "v1/namespaces/{namespace}/services"
SERVICE_ACCOUNTS = "v1/namespaces/{namespace}/serviceaccounts"
CONFIG_MAPS = "v1/namespaces/{namespace}/configmaps"
SECRETS = "v1/namespaces/{namespace}/secrets"
DISRUPTION_BUDGETS = "policy/v1/namespaces/{namespace}/poddisruptionbudgets"
HTTP_ROUTES = "gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"
RESOURCE_QUOTAS = "v1/namespaces/{namespace}/resourcequotas"
LIMIT_RANGES = "v1/namespaces/{namespace}/limitranges"
VIRTUAL_SERVICES = "networking.istio.io/v1/namespaces/{namespace}/virtualservices"


def whole_cluster(collection: str) -> str:
    """Return the path of the objects of one kind in all namespaces."""
    return _path(collection.replace("namespaces/{namespace}/", ""))


def in_one_namespace(collection: str, namespace: str) -> str:
    """Return the path of the objects of one kind in a namespace."""
    return _path(collection.format(namespace=namespace))


def list_objects(
    content: str, namespace: str, collection: str, *, accept: str = "application/json"
) -> tuple[Object, ...]:
    """Return the objects of one kind in a namespace; none where the API of the kind is not installed.

    Args:
        content: A kubeconfig that `kubeconfig.for_token` wrote.
        namespace: Where they are.
        collection: Which kind, such as `DEPLOYMENTS`.
        accept: In which form the answer is wanted.

    Raises:
        KubeconfigError: The API server does not answer, answers something else, or refuses the token.
    """
    return client.for_deployer(content).list_objects(in_one_namespace(collection, namespace), accept=accept)


def _path(collection: str) -> str:
    return f"/{'api' if collection.startswith('v1/') else 'apis'}/{collection}"
