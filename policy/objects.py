"""Rules for the objects of Kubernetes."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from boutique.application.application_file import application_names, load_application
from boutique.mesh import gateway
from boutique.names import labels
from policy.graph import SECRET, PolicyResource

_PROJECT = Path(__file__).parents[1]
_REPLICATED = ("Deployment", "StatefulSet")


def explicit_provider(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """A default provider takes the cluster or account that the shell points to."""
    of_engine = resource.type.startswith("pulumi:")
    if resource.custom and not of_engine and (not resource.provider or resource.provider.startswith("default")):
        yield "has the default provider; give it one"


def owner(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """Two stacks that write one object undo each other's work; by the annotation the second one is refused."""
    if resource.is_object and not resource.part("metadata", "annotations").get(labels.OWNER):
        yield f"names no owner; add the annotation {labels.OWNER}"


def load_balancer(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """Each costs money and is a way in without the gateway's certificate, host and removal of outsiders' baggage."""
    if resource.kind != "Service" or resource.part("spec").get("type") != "LoadBalancer":
        return
    metadata = resource.part("metadata")
    if metadata.get("namespace") != gateway.NAMESPACE and metadata.get("name") not in _external_services():
        yield "is a LoadBalancer without `external: true`; set it for a service that has it, or use the ingress"


def secret_data(resource: PolicyResource, _: Sequence[PolicyResource]) -> Iterator[str]:
    """What is not marked as secret is in clear in the state, in previews, and in comments on pull requests."""
    if not resource.type.startswith("kubernetes:core/") or resource.kind != "Secret":
        return
    for field in ("data", "stringData"):
        if resource.inputs.get(field) == SECRET:
            continue
        for key, value in resource.part(field).items():
            if value != SECRET:
                yield f"{field}.{key} is in clear; make it a secret Output"


def disruption_budget(resource: PolicyResource, resources: Sequence[PolicyResource]) -> Iterator[str]:
    """A budget over one replica never lets its node be drained, so an upgrade of the cluster would hang."""
    if resource.kind != "PodDisruptionBudget":
        return
    match_labels = resource.part("spec", "selector", "matchLabels").items()
    for other in resources:
        picked = match_labels <= other.part("spec", "template", "metadata", "labels").items()
        if other.kind in _REPLICATED and picked and other.part("spec").get("replicas", 1) < 2:
            yield f"is for {other.kind} {other.name}, which has one replica; leave it out"


@cache
def _external_services() -> frozenset[str]:
    """Return the names of the LoadBalancer Services that the project's applications may have."""
    applications = [load_application(name, _PROJECT) for name in application_names(_PROJECT)]
    workloads = [workload for application in applications for workload in application.workloads]
    return frozenset(workload.external_service for workload in workloads if workload.external_service)
