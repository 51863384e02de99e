"""The configuration of kwok, which simulates the nodes: it takes pods to Running without starting a container.

It plays the pods that the node agent hands to it, and no others: see lab.nodeagent.pod_assignment.

Format: https://kwok.sigs.k8s.io/docs/user/configuration/ and https://kwok.sigs.k8s.io/docs/user/stages-configuration/
"""

from pathlib import Path
from typing import Any

import yaml

from lab.kubernetes.nodes import KUBELET_PORT
from lab.nodeagent.pod_assignment import ANNOTATION, KWOK
from lab.nodeagent.pods import ISTIOD, PROXY
from lab.supervision import network

PORT = 10247

STAGES = ("node-initialize", "node-heartbeat-with-lease", "pod-ready", "pod-complete", "pod-delete")
"""kwok's own Stages, by file name. A Stage of ours replaces all the defaults, so they have to be given too."""

_CONFIGURATION = {
    "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
    "kind": "KwokConfiguration",
    "metadata": {"name": "kwok"},
    # kwok applies none of its defaults to a configuration it is given: with a parallelism of 0 it refuses to start.
    "options": {
        "cidr": network.PODS,
        "nodeIP": network.LAB_ADDRESS,
        # Where the node agent serves the kubelet's API: kwok's own serves fixed files and addresses.
        "nodePort": KUBELET_PORT,
        "manageAllNodes": True,
        # Leases share the nodes out among several kwoks. Those of a killed one stay until they expire, and its
        # successor leaves the nodes and their pods alone for so long. There is only one here.
        "nodeLeaseDurationSeconds": 0,
        "nodeLeaseParallelism": 4,
        "nodePlayStageParallelism": 4,
        "podPlayStageParallelism": 8,
        "podsOnNodeSyncParallelism": 4,
        "serverAddress": f"{network.LOOPBACK}:{PORT}",
    },
}

_LOAD_BALANCER = {
    "apiVersion": "kwok.x-k8s.io/v1alpha1",
    "kind": "Stage",
    "metadata": {"name": "service-load-balancer"},
    "spec": {
        "resourceRef": {"apiGroup": "v1", "kind": "Service"},
        "selector": {
            "matchExpressions": [
                {"key": ".spec.type", "operator": "In", "values": ["LoadBalancer"]},
                {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
                {"key": ".status.loadBalancer.ingress", "operator": "DoesNotExist"},
            ]
        },
        "steps": [
            {
                "patch": {
                    "root": "status",
                    "subresource": "status",
                    "template": "loadBalancer:\n  ingress:\n  - ip: {{ .spec.clusterIP | Quote }}\n",
                }
            }
        ],
    },
}


_KUBELET = "kubeletVersion: {{ or $nodeInfo.kubeletVersion $kwokVersion }}"

# As lab.nodeagent.pod_assignment.is_handed_over.
_HANDED_OVER = (
    f'if ([.spec.containers[].name, (.spec.initContainers // [])[].name] | index("{PROXY}")) != null '
    f'or .metadata.labels["app"] == "{ISTIOD}" then "" else .metadata.annotations["{ANNOTATION}"] end'
)


def configuration(stages: Path, kubernetes: str) -> str:
    """Return kwok's configuration.

    Args:
        stages: The folder with kwok's own Stages, as its module ships them.
        kubernetes: The version that the nodes claim to have: istiod injects native sidecars where all have 1.33.
    """
    texts = [
        (stages / f"{name}.yaml").read_text().replace(_KUBELET, f"kubeletVersion: {kubernetes}") for name in STAGES
    ]
    shipped = [yaml.safe_load(text) for text in texts]
    for stage in shipped:
        if stage["spec"]["resourceRef"]["kind"] == "Pod":
            expressions = stage["spec"]["selector"]["matchExpressions"]
            expressions.append({"key": _HANDED_OVER, "operator": "In", "values": [KWOK]})
    documents: list[dict[str, Any]] = [_CONFIGURATION, *shipped, _LOAD_BALANCER]
    return yaml.safe_dump_all(documents)
