"""Rules for what a cluster is made of."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from boutique.eks.network import LARGEST_PUBLIC
from policy.graph import PolicyResource, as_list


def cluster_endpoint(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """An API server that all of the internet reaches is one stolen token, or one defect, away from being theirs."""
    if resource.type == "eks:index:Cluster":
        network: Mapping[str, Any] = resource.inputs
    elif resource.type == "aws:eks/cluster:Cluster":
        network = resource.part("vpcConfig")
    else:
        return
    # Without a value, AWS opens it to all networks.
    allowed = network.get("publicAccessCidrs") or ["0.0.0.0/0"]
    if network.get("endpointPublicAccess", True) and any(_is_of_strangers(str(cidr)) for cidr in as_list(allowed)):
        yield (
            "is reached from everywhere, or more than a /8 of it; name fewer addresses in publicAccessCidrs, or set "
            "endpointPublicAccess: false"
        )


def cluster_secrets(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """With a key of its own, who gets hold of the API server's storage has none of the Secrets in it."""
    if resource.type == "eks:index:Cluster" and not resource.inputs.get("encryptionConfigKeyArn"):
        yield "keeps Secrets without a key of its own; set encryptionConfigKeyArn"
    if resource.type == "aws:eks/cluster:Cluster" and not resource.part("encryptionConfig"):
        yield "keeps Secrets without a key of its own; set encryptionConfig"


def instance_metadata(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """A pod that can be made to fetch an address would else fetch the node's credentials (IMDSv1 asks for no token)."""
    if resource.type not in ("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"):
        return
    if resource.part("metadataOptions").get("httpTokens") != "required":
        yield "lets anything on it read its credentials; set metadataOptions.httpTokens: required"


def encrypted_volumes(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
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


def _is_of_strangers(cidr: str) -> bool:
    """Say whether a network is larger than any block of one organization, a /8, or a /16 of IPv6."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return False  # AWS refuses it
    return network.prefixlen < (LARGEST_PUBLIC if network.version == 4 else 2 * LARGEST_PUBLIC)
