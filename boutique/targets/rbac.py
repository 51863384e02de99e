"""What deployers may do in their namespace: the rules of their Roles, verb by verb.

Why the read rights: pulumi-kubernetes awaits a Deployment by watching its pods, ReplicaSets and PersistentVolumeClaims,
and a Service by watching its endpoints; a forbidden watch is retried without end, so an update would hang instead of
fail (provider/pkg/await, pulumi/pulumi-kubernetes#4580).
"""

from dataclasses import dataclass

READ = ("get", "list", "watch")
WRITE = (*READ, "create", "update", "patch", "delete")


@dataclass(frozen=True)
class RbacRule:
    """Verbs on resources of one API group."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


DEPLOYER_RULES = (
    # Whoever may start pods in a namespace can read every Secret of it; which ones it may write, `admission` says.
    RbacRule("", ("serviceaccounts", "services", "configmaps", "secrets", "persistentvolumeclaims"), WRITE),
    # The smoke check of new pods that get no requests yet, and the counters of proxies for `boutique audit`.
    RbacRule("", ("pods/portforward",), ("get", "create")),
    RbacRule("", ("pods", "pods/log", "endpoints", "events"), READ),
    # A preview says whether the pods fit; only the cluster's admin changes how much does.
    RbacRule("", ("resourcequotas", "limitranges"), ("get", "list")),
    RbacRule("apps", ("deployments",), WRITE),
    RbacRule("apps", ("replicasets",), READ),
    RbacRule("discovery.k8s.io", ("endpointslices",), READ),
    RbacRule("policy", ("poddisruptionbudgets",), WRITE),
    # Both kinds of route: an environment that goes over from one to the other deletes the old ones last.
    RbacRule("gateway.networking.k8s.io", ("httproutes",), WRITE),
    RbacRule("networking.istio.io", ("virtualservices",), WRITE),
)
"""Enough to deploy, change and remove an environment; nothing on roles or other namespaces, and quotas are only read.

Nothing on Gateways either: those say which namespace may use which host.
"""

FEATURES_RULES = (
    RbacRule("", ("services", "configmaps", "secrets"), WRITE),
    RbacRule("", ("pods", "pods/log", "endpoints", "events", "persistentvolumeclaims"), READ),
    # A preview says whether the pods fit; only the cluster's admin changes how much does.
    RbacRule("", ("resourcequotas", "limitranges"), ("get", "list")),
    RbacRule("apps", ("deployments",), WRITE),
    RbacRule("apps", ("replicasets",), READ),
    RbacRule("discovery.k8s.io", ("endpointslices",), READ),
    RbacRule("gateway.networking.k8s.io", ("httproutes",), WRITE),
    RbacRule("networking.istio.io", ("virtualservices",), READ),
)
"""Enough for feature stacks; that they write what belongs to a feature and nothing else, `admission` says."""
