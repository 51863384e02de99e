"""A stand-in for Pulumi's components for EKS: `eks.Cluster` with what others depend on, and its kubeconfig."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.provider import ConstructResult, Provider, main
from pulumi_aws import eks


class Cluster(pulumi.ComponentResource):
    """What the program uses of the component."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        subnets = pulumi.Output.all(inputs["privateSubnetIds"], inputs.get("publicSubnetIds"))
        cluster = eks.Cluster(
            f"{name}-eksCluster",
            name=inputs["name"],
            role_arn="arn:aws:iam::123456789012:role/cluster",
            version=inputs["version"],
            vpc_config={"subnet_ids": subnets.apply(lambda ids: [subnet for part in ids for subnet in part or ()])},
            deletion_protection=inputs["deletionProtection"],
            opts=child,
        )
        for addon in ("vpc-cni", "kube-proxy"):
            eks.Addon(f"{name}-{addon}", addon_name=addon, cluster_name=cluster.name, opts=child)
        kubeconfig = pulumi.Output.all(cluster.name, cluster.endpoint, cluster.certificate_authority).apply(
            lambda values: kubeconfig_text(values[0], values[1], values[2]["data"])
        )
        self.state = {"eksCluster": cluster, "kubeconfigJson": kubeconfig, "clusterSecurityGroupId": "sg-1"}
        self.register_outputs(self.state)


def kubeconfig_text(name: str, server: str, authority: str) -> str:
    """Return a kubeconfig of the shape that the component writes."""
    cluster = {"server": server, "certificate-authority-data": authority}
    execution = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["--region", "eu-central-1", "eks", "get-token", "--cluster-name", name, "--output", "json"],
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kubernetes", "cluster": cluster}],
            "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
            "current-context": "aws",
            "users": [{"name": "aws", "user": {"exec": execution}}],
        }
    )


class Eks(Provider):
    """The provider, as the engine calls it."""

    def __init__(self) -> None:
        super().__init__("4.4.0")

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        assert resource_type == "eks:index:Cluster"
        cluster = Cluster(name, inputs, options)
        return ConstructResult(urn=cluster.urn, state=cluster.state)


main(Eks(), sys.argv[1:])
