"""The nodes of the lab's cluster: two, in two zones, so that spreading and disruption rules mean something."""

from typing import Any

from lab.kubernetes.api import Api

KUBELET_PORT = 10250
"""The port of the kubelet's API on the nodes."""

_OWNER = "boutique-lab"


def _node(name: str, zone: str, pods: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "topology.kubernetes.io/region": "lab",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "spec": {"podCIDR": pods, "podCIDRs": [pods]},
    }


NODES = (_node("lab-a", "a", "10.244.0.0/24"), _node("lab-b", "b", "10.244.1.0/24"))


def apply(api: Api) -> None:
    """Create the nodes that do not exist yet."""
    for node in NODES:
        api.apply(f"/api/v1/nodes/{node['metadata']['name']}", node, _OWNER)


def missing_prerequisite(api: Api) -> str:
    """Return the prerequisite of workloads that the cluster still lacks; empty if it is ready."""
    for node in NODES:
        name = node["metadata"]["name"]
        conditions = api.get(f"/api/v1/nodes/{name}").get("status", {}).get("conditions", [])
        if not any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions):
            return f"node {name}"
    if api.find("/api/v1/namespaces/default/serviceaccounts/default") is None:
        return "the ServiceAccount of namespace default"
    return ""
