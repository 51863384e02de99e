"""The Services in front of a workload."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, meta

from boutique.workloads.resolved_workload import ResolvedWorkload
from components.metadata import metadata

_ADDRESS = "3m"
"""How long a load balancer may take to have an address; a cluster without a controller for them never gives one."""
_UNAWAITED = {"pulumi.com/skipAwait": "true"}
"""The Deployment is awaited; waiting for the Service's endpoints again would only add ten seconds of settling."""


def cluster_service(
    name: str,
    deployed: ResolvedWorkload,
    namespace: pulumi.Input[str],
    owner: str,
    opts: pulumi.ResourceOptions,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> core.v1.Service | None:
    """Create the Service that other workloads call, if the workload is called at all."""
    if deployed.workload.service is None:
        return None
    return _cluster_ip(
        name,
        deployed,
        metadata(
            deployed.service_name,
            namespace=namespace,
            owner=owner,
            labels=deployed.service_labels,
            annotations={**(annotations or {}), **_UNAWAITED},
        ),
        opts,
    )


def colour_service(
    name: str, deployed: ResolvedWorkload, namespace: pulumi.Input[str], owner: str, opts: pulumi.ResourceOptions
) -> core.v1.Service:
    """Create the Service of the pods of one blue/green release alone, which no workload calls.

    A proxy of the mesh opens the ports of its pod as the Services say that select it: with this one they are open
    before the first request comes, and a switch changes nothing in the pods.
    """
    called = metadata(deployed.name, namespace=namespace, owner=owner, labels=deployed.labels, annotations=_UNAWAITED)
    return _cluster_ip(name, deployed, called, opts)


def external_service(
    name: str, deployed: ResolvedWorkload, namespace: pulumi.Input[str], owner: str, opts: pulumi.ResourceOptions
) -> core.v1.Service:
    """Create the LoadBalancer Service of a workload that people reach without the ingress."""
    # The address is all that anyone waits for here.
    return core.v1.Service(
        name,
        metadata=metadata(
            deployed.workload.external_service or name,
            namespace=namespace,
            owner=owner,
            labels=deployed.service_labels,
            annotations={"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}"},
        ),
        spec=_spec(deployed, "LoadBalancer"),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=_ADDRESS, update=_ADDRESS))
        ),
    )


def external_address(service: core.v1.Service) -> pulumi.Output[str | None]:
    """Return the host name or the IP that a LoadBalancer Service was given."""

    def address(status: core.v1.outputs.ServiceStatus | None) -> str | None:
        ingress = status and status.load_balancer and status.load_balancer.ingress
        return (ingress[0].hostname or ingress[0].ip) if ingress else None

    return service.status.apply(address)


def _cluster_ip(
    name: str, deployed: ResolvedWorkload, called: meta.v1.ObjectMetaArgs, opts: pulumi.ResourceOptions
) -> core.v1.Service:
    return core.v1.Service(name, metadata=called, spec=_spec(deployed, "ClusterIP"), opts=opts)


def _spec(deployed: ResolvedWorkload, kind: str) -> core.v1.ServiceSpecArgs:
    workload = deployed.workload
    ports = (
        [core.v1.ServicePortArgs(name=workload.service.name, port=workload.service.number, target_port=workload.port)]
        if workload.service
        else []
    )
    return core.v1.ServiceSpecArgs(type=kind, selector=deployed.selector, ports=ports)
