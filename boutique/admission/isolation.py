"""What no deployer may write in its target, because it would reach beyond it: rules of the API server.

A Role says which kinds, and in which namespace. But some objects of one namespace concern others.
"""

from collections.abc import Iterable, Mapping

from boutique.admission import isolation_pods, isolation_routes, isolation_services
from boutique.admission.rule import Spec
from boutique.application.workload import Workload
from boutique.targets.target_names import deployer, user


def rules(
    target: str, workloads: Iterable[Workload], namespace: str, *, cluster_domain: str, external: bool
) -> Mapping[str, Spec]:
    """Return the `spec` of each ValidatingAdmissionPolicy for the deployers of a target, by the name of the rule.

    Args:
        target: Its name.
        workloads: Those of the application.
        namespace: Of the target.
        cluster_domain: The domain of the cluster's DNS.
        external: Whether people may reach a workload without the ingress.
    """
    workload_list = list(workloads)
    called = [workload.external_service for workload in workload_list if external and workload.external_service]
    return {
        "isolation-pods": isolation_pods.rule(workload_list),
        "isolation-services": isolation_services.rule(called, user(deployer(target))),
        "isolation-routes": isolation_routes.rule(namespace, cluster_domain),
    }
