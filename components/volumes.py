"""The volumes of a workload that outlive its pods."""

import pulumi

from boutique.workloads.pod_template import claim_name, claim_spec
from boutique.workloads.resolved_workload import ResolvedWorkload
from components.kubernetes_object import KubernetesObject
from components.metadata import ObjectScope, metadata

# A volume may be made only for the node that the first pod comes to.
_UNAWAITED = {"pulumi.com/skipAwait": "true"}


def persistent_volume_claims(
    name: str, workload: ResolvedWorkload, scope: ObjectScope, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Create the PersistentVolumeClaims of a workload; the data is deleted with the stack, and never before."""
    return [
        KubernetesObject(
            f"{name}-{volume}",
            "v1",
            "PersistentVolumeClaim",
            opts,
            metadata=metadata(
                claim_name(workload.workload, volume), scope, labels=workload.service_labels, annotations=_UNAWAITED
            ),
            spec=claim_spec(claim),
        )
        for volume, claim in workload.workload.persistent_volume_claims.items()
    ]
