"""The configuration of kwok, which plays the nodes: it takes pods as far as Running without starting a container.

Format: https://kwok.sigs.k8s.io/docs/user/configuration/ and https://kwok.sigs.k8s.io/docs/user/stages-configuration/
"""

from collections.abc import Iterable
from pathlib import Path

import yaml

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


def configuration(stages: Path) -> str:
    """Return kwok's configuration.

    Args:
        stages: The folder with kwok's own Stages, as its module ships them.
    """
    shipped = [stages / f"{name}.yaml" for name in STAGES]
    return "---\n".join([yaml.safe_dump(_CONFIGURATION), *_texts(shipped), yaml.safe_dump(_LOAD_BALANCER)])


def _texts(files: Iterable[Path]) -> list[str]:
    return [file.read_text().rstrip() + "\n" for file in files]
