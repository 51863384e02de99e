"""Lists and deletes the objects of one namespace with the rights of its deployer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from boutique.kubernetes import client
from boutique.kubernetes.client import TIMEOUT_SECONDS, Object, RefusedError
from boutique.kubernetes.kubeconfig import KubeconfigError
from boutique.kubernetes.listing import in_one_namespace
from ops.errors import ClusterError


@dataclass(frozen=True, kw_only=True)
class Namespace:
    """One namespace.

    Attributes:
        name: Its name.
        deployer: Its kubeconfig, as JSON. Secret.
    """

    name: str
    deployer: str = field(repr=False)

    def list_objects(
        self, collection: str, selector: str = "", *, seconds: float = TIMEOUT_SECONDS
    ) -> tuple[Object, ...]:
        """List the objects of a kind that match a label selector; none if the API of the kind is not installed.

        Args:
            collection: Of `boutique.kubernetes.listing`, such as `DEPLOYMENTS`.
            selector: Of labels.
            seconds: How long the answer may take.

        Raises:
            ClusterError: The API server does not answer, refuses, or answers with something other than a list.
        """
        path = in_one_namespace(collection, self.name)
        with _cluster_errors():
            return client.for_deployer(self.deployer).list_objects(path, selector=selector, seconds=seconds)

    def delete(self, collection: str, name: str) -> None:
        """Delete an object, if it exists.

        Raises:
            ClusterError: The API server does not answer, or refuses.
        """
        path = f"{in_one_namespace(collection, self.name)}/{name}"
        with _cluster_errors():
            try:
                client.for_deployer(self.deployer).request("DELETE", path)
            except RefusedError as refusal:
                if refusal.code != HTTPStatus.NOT_FOUND:
                    raise


@contextmanager
def _cluster_errors() -> Iterator[None]:
    try:
        yield
    except KubeconfigError as error:
        raise ClusterError(str(error)) from None
