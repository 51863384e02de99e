"""The Services in front of a workload."""

from collections.abc import Mapping
from typing import Any

import pulumi

from boutique.workloads.resolved_workload import ResolvedWorkload
from boutique.workloads.service_spec import service_spec
from components.kubernetes_object import Fields, KubernetesObject
from components.metadata import ObjectScope, metadata

_ADDRESS = "3m"
"""How long a load balancer may take to have an address; a cluster without a controller for them never gives one."""
_UNAWAITED = {"pulumi.com/skipAwait": "true"}
"""The Deployment is awaited; waiting for the Service's endpoints again would only add ten seconds of settling."""


def cluster_service(
    name: str,
    deployed: ResolvedWorkload,
    scope: ObjectScope,
    opts: pulumi.ResourceOptions,
    annotations: Mapping[str, pulumi.Input[str]] | None = None,
) -> KubernetesObject | None:
    """Create the Service that other workloads call, if the workload is called at all."""
    if not deployed.workload.service_ports:
        return None
    return _cluster_ip(
        name,
        deployed,
        metadata(
            deployed.service_name,
            scope,
            labels=deployed.service_labels,
            annotations={**(annotations or {}), **_UNAWAITED},
        ),
        opts,
    )


def revision_service(
    name: str, deployed: ResolvedWorkload, scope: ObjectScope, opts: pulumi.ResourceOptions
) -> KubernetesObject:
    """Create the Service of the pods of one blue/green release alone, which no workload calls.

    A proxy of the mesh opens the ports of its pod as the Services say that select it: with this one they are open
    before the first request comes, and a switch changes nothing in the pods.
    """
    service_metadata = metadata(deployed.name, scope, labels=deployed.labels, annotations=_UNAWAITED)
    return _cluster_ip(name, deployed, service_metadata, opts)


def external_service(
    name: str, deployed: ResolvedWorkload, scope: ObjectScope, opts: pulumi.ResourceOptions
) -> KubernetesObject:
    """Create the LoadBalancer Service of a workload that people reach without the ingress."""
    # The address is all that anyone waits for here.
    return KubernetesObject(
        name,
        "v1",
        "Service",
        pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=_ADDRESS, update=_ADDRESS))
        ),
        metadata=metadata(
            deployed.workload.external_service or name,
            scope,
            labels=deployed.service_labels,
            annotations={"pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress}"},
        ),
        spec=_spec(deployed, "LoadBalancer"),
    )


def external_address(service: KubernetesObject) -> pulumi.Output[str | None]:
    """Return the host name or the IP that a LoadBalancer Service was given."""

    def address(status: Mapping[str, Any] | None) -> str | None:
        ingress = ((status or {}).get("loadBalancer") or {}).get("ingress")
        return (ingress[0].get("hostname") or ingress[0].get("ip")) if ingress else None

    return service.status.apply(address)


def _cluster_ip(
    name: str, deployed: ResolvedWorkload, service_metadata: Fields, opts: pulumi.ResourceOptions
) -> KubernetesObject:
    return KubernetesObject(name, "v1", "Service", opts, metadata=service_metadata, spec=_spec(deployed, "ClusterIP"))


def _spec(deployed: ResolvedWorkload, kind: str) -> Fields:
    return service_spec(deployed.workload, deployed.selector, kind)
