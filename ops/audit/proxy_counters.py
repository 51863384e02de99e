"""The requests that Envoy has sent to each endpoint, from its administration page `/clusters`.

Istio leaves the statistics of clusters out by default (`proxyStatsMatcher`); those of endpoints are always there:
https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--clusters
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PATH = "/clusters?format=json"

_REQUESTS = "rq_total"

Totals = Mapping[tuple[str, str], int]
"""The requests since an Envoy started, by the name of the cluster and the address of the endpoint."""


class CountersError(ValueError):
    """A page is not Envoy's `/clusters`."""


@dataclass(frozen=True, kw_only=True)
class WorkloadRequests:
    """The requests that the pods of one workload received and sent.

    Attributes:
        received: How many their own containers received.
        sent: How many they sent to each Service of their namespace, by its name.
    """

    received: int = 0
    sent: Mapping[str, int] = field(default_factory=dict)


def parse_totals(page: str) -> Totals:
    """Parse the page `/clusters` of one Envoy.

    Raises:
        CountersError: It is something else.
    """
    try:
        return {
            (cluster["name"], json.dumps(host["address"], sort_keys=True)): _total(host["stats"])
            for cluster in json.loads(page)["cluster_statuses"]
            for host in cluster.get("host_statuses", ())
        }
    except (ValueError, TypeError, LookupError, AttributeError):
        raise CountersError("the answer is not Envoy's list of clusters") from None


def requests_between(before: Totals, after: Totals) -> Counter[str]:
    """Return how many requests were sent to each cluster between two pages of one Envoy."""
    requests: Counter[str] = Counter()
    for endpoint, total in after.items():
        # An endpoint that went and came back counts from 0 again.
        requests[endpoint[0]] += max(0, total - before.get(endpoint, 0))
    return requests


def workload_requests(pods: Iterable[Mapping[str, int]], namespace: str) -> WorkloadRequests:
    """Return the requests of a workload from those of its pods.

    Args:
        pods: For each pod, how many requests were sent to each cluster.
        namespace: The namespace of the Services.
    """
    received, sent = 0, Counter[str]()
    for clusters in pods:
        for cluster, count in clusters.items():
            # As in pilot/pkg/model/service.go, BuildSubsetKey: direction|port|subset|host.
            direction, _, _, host, *_ = [*cluster.split("|"), "", "", ""]
            if direction == "inbound":
                received += count
            elif direction == "outbound" and count and host.split(".")[1:2] == [namespace]:
                sent[host.split(".")[0]] += count
    return WorkloadRequests(received=received, sent=dict(sent))


def _total(statistics: Iterable[Mapping[str, str]]) -> int:
    # Envoy leaves the value of a counter out that is 0.
    return next((int(one.get("value", 0)) for one in statistics if one["name"] == _REQUESTS), 0)
