"""Rules for what a cluster is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from boutique.eks.network import LARGEST_OF_ONE, LARGEST_OF_ONE_IPV6, covered
from policy.graph import PolicyResource, listed


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
    if network.get("endpointPublicAccess", True) and _of_strangers(_networks(listed(allowed))):
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


def _networks(cidrs: Iterable[Any]) -> Iterator[IPv4Network | IPv6Network]:
    for cidr in cidrs:
        try:
            yield ip_network(str(cidr), strict=False)
        except ValueError:
            continue  # AWS refuses it


def _of_strangers(networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Say whether networks together, halves of the internet for example, are of many organizations."""
    network_list = list(networks)
    return (
        covered(network for network in network_list if isinstance(network, IPv4Network)) > LARGEST_OF_ONE
        or covered(network for network in network_list if isinstance(network, IPv6Network)) > LARGEST_OF_ONE_IPV6
    )
