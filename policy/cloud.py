"""Rules for what a cluster is made of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policy.graph import Resource, listed

_ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})


def cluster_endpoint(resource: Resource, _: Sequence[Resource]) -> Iterator[str]:
    """An API server that all of the internet reaches is one stolen token, or one defect, away from being theirs."""
    if resource.type == "eks:index:Cluster":
        network: Mapping[str, Any] = resource.inputs
    elif resource.type == "aws:eks/cluster:Cluster":
        network = resource.part("vpcConfig")
    else:
        return
    # Nothing said is everybody, with AWS.
    allowed = network.get("publicAccessCidrs") or sorted(_ANYWHERE)
    if network.get("endpointPublicAccess", True) and _ANYWHERE & set(map(str, listed(allowed))):
        yield "is reached from everywhere; set publicAccessCidrs, or endpointPublicAccess: false"


def encrypted_volumes(resource: Resource, _: Sequence[Resource]) -> Iterator[str]:
    """A disk outlives the machine it was in; who finds a snapshot of it should find nothing."""
    if resource.type == "aws:ebs/volume:Volume" and resource.inputs.get("encrypted") is not True:
        yield "is not encrypted; set encrypted: true"
    if resource.type == "aws:ec2/launchTemplate:LaunchTemplate":
        for device in resource.inputs.get("blockDeviceMappings") or []:
            if str((device.get("ebs") or {}).get("encrypted")).lower() != "true":
                yield f"{device.get('deviceName')} is not encrypted; set ebs.encrypted: true"
    of_ebs = resource.kind == "StorageClass" and resource.inputs.get("provisioner") == "ebs.csi.aws.com"
    if of_ebs and str(resource.part("parameters").get("encrypted")).lower() != "true":
        yield "makes volumes that are not encrypted; set parameters.encrypted: 'true'"
