"""The names of the objects that an environment or a feature deploys, by their resource in a ResourceQuota."""

from collections.abc import Iterable, Mapping

from boutique.workloads.blue_green import digest_of_files, digest_of_secrets
from boutique.workloads.pod_template import claim_name
from boutique.workloads.resolved_workload import ResolvedWorkload


def object_names(pods: Iterable[ResolvedWorkload]) -> Mapping[str, set[str]]:
    """Return the names of objects by resource, such as `services`.

    Args:
        pods: Every set of pods, those of each blue/green release for themselves.
    """
    names_by_kind: dict[str, set[str]] = {
        kind: set() for kind in ("deployments.apps", "services", "configmaps", "secrets", "persistentvolumeclaims")
    }
    for pod in pods:
        names_by_kind["deployments.apps"].add(pod.name)
        if pod.workload.service_ports:
            # A blue/green release has a Service of its own beside the one that others call.
            names_by_kind["services"] |= {pod.service_name, pod.name}
        names_by_kind["persistentvolumeclaims"] |= {
            claim_name(pod.workload, name) for name in pod.workload.persistent_volume_claims
        }
        if pod.external and pod.workload.external_service:
            names_by_kind["services"].add(pod.workload.external_service)
        if pod.files:
            names_by_kind["configmaps"].add(f"{pod.service_name}-{digest_of_files(pod.files)}")
        if pod.secrets:
            names_by_kind["secrets"].add(f"{pod.service_name}-{digest_of_secrets(pod.secrets, pod.workload.name)}")
    return names_by_kind
