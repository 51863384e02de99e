"""Reads the counters of the proxies of a feature's pods through port forwards to Envoy's administration port."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx

from boutique.kubernetes.listing import PODS
from boutique.kubernetes.port_forward import PortForwardError, forwarded
from boutique.names import labels
from ops.audit.proxy_counters import (
    PATH,
    CountersError,
    Totals,
    WorkloadRequests,
    parse_totals,
    requests_between,
    workload_requests,
)
from ops.errors import ClusterError
from ops.smoke.namespace_objects import Namespace

_ADMIN_PORT = 15000
"""Istio's default, `proxyAdminPort`: https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig."""
_PARALLEL = 6
_SECONDS = 30.0

PodTotals = Mapping[str, Totals]
"""The totals of each pod's Envoy, by the name of the pod."""


class ProxyReader:
    """The proxies of a feature's pods.

    Args:
        namespace: The namespace, with the rights of the environment's deployer, which may forward ports.
        addresses: For each pod, the address that leads to its Envoy's administration port.
        workloads: The name of the workload of each pod.
    """

    def __init__(self, namespace: Namespace, addresses: Mapping[str, str], workloads: Mapping[str, str]) -> None:
        self._namespace = namespace.name
        self._addresses = addresses
        self._workloads = workloads

    def read(self) -> PodTotals:
        """Return the totals of all pods as they are now.

        Raises:
            ClusterError: A proxy does not answer.
        """
        with httpx.Client(trust_env=False, timeout=_SECONDS) as client, ThreadPoolExecutor(_PARALLEL) as pool:
            pages = pool.map(lambda pod: _totals(client, pod, self._addresses[pod]), self._addresses)
            return dict(zip(self._addresses, pages, strict=True))

    def requests(self, before: PodTotals, after: PodTotals) -> dict[str, WorkloadRequests]:
        """Return the requests between two readings, by the name of the workload."""
        pods: dict[str, list[Mapping[str, int]]] = {}
        for pod, totals in after.items():
            pods.setdefault(self._workloads[pod], []).append(requests_between(before[pod], totals))
        return {workload: workload_requests(counts, self._namespace) for workload, counts in pods.items()}


@contextmanager
def proxies(namespace: Namespace, key: str) -> Iterator[ProxyReader]:
    """Yield the proxies of the pods of a feature, as long as ports are forwarded to them.

    Args:
        namespace: The namespace, with the rights of the environment's deployer.
        key: The key of the feature.

    Raises:
        ClusterError: The pods cannot be listed, or a proxy cannot be reached.
    """
    workloads = {
        pod["metadata"]["name"]: pod["metadata"]["labels"]["app"]
        for pod in namespace.list_objects(PODS, f"{labels.FEATURE}={key}")
        if "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") == "Running"
    }
    deadline = time.monotonic() + _SECONDS
    with ExitStack() as forwards:

        def forward(pod: str) -> str:
            forwarding = forwarded(namespace.deployer, namespace.name, f"pod/{pod}", _ADMIN_PORT, deadline)
            try:
                return forwards.enter_context(forwarding)
            except PortForwardError as error:
                raise ClusterError(f"the proxy of pod {pod}: {error}") from None

        with ThreadPoolExecutor(_PARALLEL) as pool:
            addresses = dict(zip(workloads, pool.map(forward, workloads), strict=True))
        yield ProxyReader(namespace, addresses, workloads)


def _totals(client: httpx.Client, pod: str, address: str) -> Totals:
    try:
        response = client.get(f"http://{address}{PATH}")
        response.raise_for_status()
        return parse_totals(response.text)
    except (httpx.HTTPError, CountersError) as error:
        reason = str(error) or type(error).__name__
        raise ClusterError(
            f"the proxy of pod {pod} does not show its counters: {reason}; does the pod have Istio's sidecar?"
        ) from None
