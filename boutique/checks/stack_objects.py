"""Which objects a stack writes, by name, as far as other owners could have them already."""

from collections.abc import Collection

from boutique.application.application import Application
from boutique.kubernetes.live_objects import DEPLOYMENT, Name
from boutique.mesh import gateway, istio
from boutique.settings.stack import Environment, Platform
from boutique.targets.target_names import DEPLOYERS_NAMESPACE, namespace
from boutique.workloads.resolved_workload import resolve_workloads


def of_platform(section: Platform) -> frozenset[Name]:
    """Return the namespaces of a platform; everything else of it is in one of them, or called after one."""
    names = {
        DEPLOYERS_NAMESPACE,
        *(namespace(section, target) for target in section.targets),
        *((istio.NAMESPACE,) if section.mesh else ()),
        *((gateway.NAMESPACE,) if section.mesh and section.ingress else ()),
    }
    return frozenset(("Namespace", "", name) for name in names)


def of_environment(application: Application, section: Environment, home: str) -> frozenset[Name]:
    """Return the Deployments, Services and ServiceAccounts of an environment.

    Args:
        application: What it runs.
        section: The environment.
        home: Its namespace.
    """
    return frozenset(
        (kind, home, service.workload.name)
        for service in resolve_workloads(application, section)
        for kind in (DEPLOYMENT, "Service", "ServiceAccount")
        if kind != "Service" or service.workload.service_ports
    )


def autoscaled_deployments(application: Application, section: Environment, home: str) -> Collection[Name]:
    """Return the Deployments of an environment whose replicas are left to an autoscaler."""
    return {
        (DEPLOYMENT, home, service.name) for service in resolve_workloads(application, section) if service.autoscaled
    }
