"""Reads the running pods of an environment with the rights of its deployer."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from boutique.kubernetes import api_client, kubeconfig
from boutique.names import labels
from ops.errors import ClusterError
from support.deadline import Deadline
from support.network_settings import NetworkSettingError


@dataclass(frozen=True, kw_only=True)
class RunningWorkload:
    """The Deployment and the pods of one service.

    Attributes:
        replicas: How many pods its Deployment asks for.
        ready: How many pods are ready.
        images: The images of the ready pods.
        trouble: Why other pods are not ready, as far as their status says.
    """

    replicas: int
    ready: int
    images: tuple[str, ...]
    trouble: tuple[str, ...]


def try_running_pods(
    deployer: str,
    namespace: str,
    deadline: Deadline,
    feature: str | None = None,
    deployments: Collection[str] = (),
) -> tuple[Mapping[str, RunningWorkload] | None, str]:
    """Return the result of `running_pods` and an empty text, or None and its error."""
    try:
        return running_pods(deployer, namespace, deadline, feature, deployments), ""
    except ClusterError as error:
        return None, str(error)


def running_pods(
    deployer: str,
    namespace: str,
    deadline: Deadline,
    feature: str | None = None,
    deployments: Collection[str] = (),
) -> Mapping[str, RunningWorkload]:
    """Return the running workloads of the baseline, or of a feature, by the name of the service.

    Args:
        deployer: Its kubeconfig, as JSON.
        namespace: The namespace to read.
        deadline: When to give up; no request is repeated.
        feature: The key of the feature; None for the baseline.
        deployments: The names of the active Deployments of services with blue/green releases.

    Raises:
        ClusterError: The API server does not answer, or refuses.
    """
    from kubernetes import client
    from urllib3.exceptions import HTTPError

    server = kubeconfig.reached_by(deployer)
    selector = f"{labels.FEATURE}={feature}" if feature else f"{labels.TRACK}={labels.BASELINE}"
    try:
        with _client(deployer, server) as api:
            items = (
                client.AppsV1Api(api)
                .list_namespaced_deployment(namespace, label_selector=selector, _request_timeout=deadline.left)
                .items
            )
            pods = (
                client.CoreV1Api(api)
                .list_namespaced_pod(namespace, label_selector=selector, _request_timeout=deadline.left)
                .items
            )
    except client.ApiException as error:
        raise ClusterError(
            f"{server.server} refuses the deployer of {namespace!r}: {error.status} {error.reason}; "
            "run `pulumi up` for the stack that owns the target"
        ) from None
    except AttributeError as error:
        # The library decodes the body of every error, and that of a certificate which is not trusted has none
        # (ApiClient.__call_api in kubernetes/client/api_client.py).
        if not isinstance(error.__context__, client.ApiException):
            raise
        reason = str(error.__context__.reason).strip().rpartition("\n")[2]
        raise ClusterError(
            f"the API server {server.server} does not answer as the one of the kubeconfig: {reason}; run `pulumi up` "
            "for the stack that owns the target"
        ) from None
    except NetworkSettingError as error:
        raise ClusterError(str(error)) from None
    except (HTTPError, OSError) as error:
        raise ClusterError(
            f"the API server {server.server} does not answer: {type(error).__name__}; is the cluster running?"
        ) from None
    serving = [deployment for deployment in items if not _colour(deployment) or deployment.metadata.name in deployments]
    return {
        name: _running(deployment, [pod for pod in pods if _app(pod) == name and _colour(pod) == _colour(deployment)])
        for deployment in serving
        if (name := _app(deployment))
    }


def _colour(item: Any) -> str | None:  # noqa: ANN401 - the library has no types
    name: str | None = (item.metadata.labels or {}).get(labels.COLOUR)
    return name


def _app(item: Any) -> str | None:  # noqa: ANN401 - the library has no types
    name: str | None = (item.metadata.labels or {}).get("app")
    return name


def _client(deployer: str, server: kubeconfig.ApiServer) -> Any:  # noqa: ANN401 - the library has no types
    from kubernetes import client, config
    from urllib3 import make_headers

    settings = client.Configuration()
    settings.retries = False
    settings.proxy, settings.no_proxy = api_client.proxy(server), None
    login = urlsplit(settings.proxy or "")
    if login.username is not None:
        settings.proxy_headers = make_headers(
            proxy_basic_auth=f"{unquote(login.username)}:{unquote(login.password or '')}"
        )
    api = config.new_client_from_config_dict(json.loads(deployer), client_configuration=settings)
    # From Python 3.13 on, the library's default context refuses authorities that the other clients here accept.
    api.rest_client.pool_manager.connection_pool_kw["ssl_context"] = api_client.ssl_context(server)
    return api


def _running(deployment: Any, pods: list[Any]) -> RunningWorkload:  # noqa: ANN401 - the library has no types
    # The mesh may have injected containers into the pods.
    declared = {container.name for container in deployment.spec.template.spec.containers}
    ready = [pod for pod in pods if pod.metadata.deletion_timestamp is None and _has_condition(pod, "Ready")]
    images = {container.image for pod in ready for container in pod.spec.containers if container.name in declared}
    waiting = [line for pod in pods if pod not in ready for line in _pod_errors(pod)]
    refused = [
        condition.message for condition in deployment.status.conditions or () if condition.type == "ReplicaFailure"
    ]
    return RunningWorkload(
        replicas=deployment.spec.replicas,
        ready=len(ready),
        images=tuple(sorted(images)),
        trouble=tuple(dict.fromkeys([*refused, *waiting])),
    )


def _has_condition(pod: Any, kind: str) -> bool:  # noqa: ANN401 - the library has no types
    return any(condition.type == kind and condition.status == "True" for condition in pod.status.conditions or ())


def _pod_errors(pod: Any) -> Iterator[str]:  # noqa: ANN401 - the library has no types
    for condition in pod.status.conditions or ():
        if condition.type == "PodScheduled" and condition.status == "False":
            yield f"{condition.reason}: {condition.message}"
    for container in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ())):
        state = container.state.waiting or container.state.terminated
        if state is not None and state.reason not in (None, "Completed", "PodInitializing", "ContainerCreating"):
            yield f"container {container.name}: {state.reason}"
