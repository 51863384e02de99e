"""Rules for pods and for what creates pods."""

from collections.abc import Iterator, Sequence

from policy.graph import PolicyResource


def container_resources(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """Without requests the scheduler packs nodes too full, and the namespace's quota refuses the pod."""
    for container in resource.pod.get("containers") or []:
        for field in ("requests", "limits"):
            given = (container.get("resources") or {}).get(field) or {}
            for quantity in ("cpu", "memory"):
                if not given.get(quantity):
                    yield f"container {container.get('name')} has no {field}.{quantity}"


def container_security(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """Whoever breaks into a container should find no rights, no capabilities, and nothing to write to."""
    pod = resource.pod
    for container in [*(pod.get("containers") or []), *(pod.get("initContainers") or [])]:
        context = container.get("securityContext") or {}
        required = {"allowPrivilegeEscalation": False, "privileged": False, "readOnlyRootFilesystem": True}
        for field, value in required.items():
            if context.get(field) is not value:
                yield f"container {container.get('name')} does not set securityContext.{field}: {str(value).lower()}"
        if "ALL" not in ((context.get("capabilities") or {}).get("drop") or []):
            yield f"container {container.get('name')} keeps capabilities; drop ALL"
    if pod and (pod.get("securityContext") or {}).get("runAsNonRoot") is not True:
        yield "may run as root; set securityContext.runAsNonRoot: true"


def own_service_account(resource: PolicyResource, resources: Sequence[PolicyResource]) -> Iterator[str]:
    """In the mesh a pod is what its ServiceAccount says: who shares one may call all that the other may."""
    pod = resource.pod
    if not pod:
        return
    account = pod.get("serviceAccountName")
    if not account or account == "default":
        yield "has no ServiceAccount of its own"
        return
    # A feature's pods are its service, in another version: they share the identity, and the label.
    workload = resource.part("spec", "template", "metadata", "labels").get("app")
    for pod_set in resources:
        app = pod_set.part("spec", "template", "metadata", "labels").get("app")
        if pod_set is not resource and pod_set.pod.get("serviceAccountName") == account and app != workload:
            yield f"shares the ServiceAccount {account} with {pod_set.kind} {pod_set.name}"


def image_version(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """With `latest` the version that runs is unknown, and going back to the version before is impossible."""
    pod = resource.pod
    for container in [*(pod.get("containers") or []), *(pod.get("initContainers") or [])]:
        image = str(container.get("image", ""))
        repository, _colon, tag = image.partition("@")[0].rpartition(":")
        if "@" not in image and ("/" in tag or not repository or tag == "latest"):
            yield f"container {container.get('name')} runs {image!r}; name a version"
