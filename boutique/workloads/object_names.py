"""The names of the objects that an environment or a feature deploys, by their resource in a ResourceQuota."""

from collections.abc import Iterable, Mapping

from boutique.workloads.blue_green import digest_of_files, digest_of_secrets
from boutique.workloads.resolved_workload import ResolvedWorkload


def object_names(pods: Iterable[ResolvedWorkload]) -> Mapping[str, set[str]]:
    """Return the names of objects by resource, such as `services`.

    Args:
        pods: Every set of pods, those of each blue/green release for themselves.
    """
    found: dict[str, set[str]] = {each: set() for each in ("deployments.apps", "services", "configmaps", "secrets")}
    for each in pods:
        found["deployments.apps"].add(each.name)
        if each.workload.service:
            # A blue/green release has a Service of its own beside the one that others call.
            found["services"] |= {each.service_name, each.name}
        if each.external and each.workload.external_service:
            found["services"].add(each.workload.external_service)
        if each.files:
            found["configmaps"].add(f"{each.service_name}-{digest_of_files(each.files)}")
        if each.secrets:
            found["secrets"].add(f"{each.service_name}-{digest_of_secrets(each.secrets, each.workload.name)}")
    return found
