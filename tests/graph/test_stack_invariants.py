"""Invariants of every stack."""

from itertools import combinations

import pytest

from boutique.targets.rbac import DEPLOYER_RULES
from tests.support import online_boutique
from tests.support.graph.graph_recorder import Graph, Registered
from tests.support.graph.stack_recordings import PLAIN, Recorder, cluster_of, content, deployable

SELF_EXPLAINED = {"pulumi:providers:kubernetes", "pulumi:providers:aws"}


def is_component(resource: Registered) -> bool:
    return not resource.request.custom


def test_only_components_and_providers_stand_directly_under_the_stack(graph: Graph) -> None:
    stray = [
        resource.urn
        for resource in graph.resources
        if "::pulumi:pulumi:Stack::" in resource.parent
        and not is_component(resource)
        and resource.type not in SELF_EXPLAINED
    ]
    assert not stray


def test_children_carry_the_name_of_their_component(graph: Graph) -> None:
    # The engine follows a renamed component's children by this prefix (step_generator.go, inheritedChildAlias).
    stray = [
        resource.urn
        for resource in graph.resources
        if "::pulumi:pulumi:Stack::" not in resource.parent
        and not resource.name.startswith(graph.by_urn(resource.parent).name)
    ]
    assert not stray


def test_every_component_registers_its_outputs(graph: Graph) -> None:
    # One that another program builds does so there.
    ours = [resource for resource in graph.resources if is_component(resource) and not resource.request.remote]
    assert not [resource.urn for resource in ours if resource.urn not in graph.sealed]


def test_every_object_uses_an_explicit_provider(graph: Graph) -> None:
    providers = {provider.urn for provider in graph.of("kubernetes")}
    assert graph.objects
    assert not [
        resource.urn for resource in graph.objects if resource.request.provider.rsplit("::", 1)[0] not in providers
    ]


def test_the_environment_is_deployed_with_the_deployers_rights_and_only_what_they_cover(
    graph: Graph, stack: str
) -> None:
    writable = {resource for rule in DEPLOYER_RULES if "create" in rule.verbs for resource in rule.resources}
    by_deployer = [resource for resource in graph.objects if "::deployer::" in resource.request.provider]
    assert {resource.type.split(":")[-1].lower() + "s" for resource in by_deployer} <= writable
    workloads = graph.of("Microservice") + graph.of("Store") + graph.of("ChangedService")
    assert bool(workloads) == bool({"boutique:environment", "boutique:feature"} & content(stack)["config"].keys())
    assert not [
        workload.urn for workload in workloads if "::deployer::" not in workload.request.providers["kubernetes"]
    ]


def test_every_object_names_its_owner_and_what_it_is_part_of(graph: Graph, stack: str) -> None:
    for resource in graph.objects:
        metadata = resource.inputs["metadata"]
        assert metadata["annotations"]["boutique.dev/owner"] == stack, resource.urn
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "online-boutique", resource.urn


def test_no_two_objects_have_one_kind_namespace_and_name(graph: Graph) -> None:
    names = [resource.object_name for resource in graph.objects]
    assert len(names) == len(set(names))


def test_selectors_pick_their_own_pods_and_no_others(graph: Graph) -> None:
    pods = {
        deployment.name: deployment.inputs["spec"]["template"]["metadata"]["labels"]
        for deployment in graph.of("Deployment")
    }
    selecting = [
        (resource, resource.inputs["spec"]["selector"])
        for resource in (*graph.of("Service"), *graph.of("Deployment"), *graph.of("PodDisruptionBudget"))
    ]
    for resource, selector in selecting:
        wanted = selector.get("matchLabels", selector).items()
        picked = {name for name, labels in pods.items() if wanted <= labels.items()}
        assert picked == {graph.by_urn(resource.parent).name}, resource.urn
        # A Service of the baseline selects only the baseline's pods, also beside features.
        track = "feature" if graph.of("ChangedService") else "baseline"
        assert ("boutique.dev/track", track) in wanted


def test_every_address_leads_to_a_service_and_port_of_this_stack(graph: Graph) -> None:
    served = {
        f"{service.inputs['metadata']['name']}:{port['port']}"
        for service in graph.of("Service")
        for port in service.inputs["spec"]["ports"]
    }
    for deployment in graph.of("Deployment"):
        [container] = deployment.inputs["spec"]["template"]["spec"]["containers"]
        values = {variable["name"]: variable["value"] for variable in container["env"]} if "env" in container else {}
        calls = next(workload.calls for workload in online_boutique.WORKLOADS if workload.name == deployment.name)
        for variable in calls:
            assert values[variable] in served, (deployment.name, variable)


def test_services_lead_to_a_port_that_the_container_listens_on(graph: Graph) -> None:
    ports = {
        deployment.name: [
            port["containerPort"] for port in deployment.inputs["spec"]["template"]["spec"]["containers"][0]["ports"]
        ]
        for deployment in graph.of("Deployment")
        if "ports" in deployment.inputs["spec"]["template"]["spec"]["containers"][0]
    }
    for service in graph.of("Service"):
        assert service.inputs["spec"]["ports"][0]["targetPort"] in ports[service.inputs["spec"]["selector"]["app"]]


def test_a_cluster_service_is_not_awaited_and_a_deployment_is(graph: Graph) -> None:
    for service in graph.of("Service"):
        annotations = service.inputs["metadata"]["annotations"]
        assert ("pulumi.com/skipAwait" in annotations) == (service.inputs["spec"]["type"] == "ClusterIP"), service.urn
    for service in graph.of("Deployment"):
        assert "pulumi.com/skipAwait" not in service.inputs["metadata"]["annotations"]
        assert service.request.customTimeouts.create == service.request.customTimeouts.update == "300s"


def pairs() -> list[tuple[str, str]]:
    """Return every two stacks on one cluster."""
    candidates = combinations(sorted({*deployable()} - {PLAIN}), 2)
    return [(first, other) for first, other in candidates if cluster_of(first) == cluster_of(other)]


@pytest.mark.parametrize(("first", "second"), pairs())
def test_stacks_that_share_a_cluster_share_no_object(first: str, second: str, recording_of: Recorder) -> None:
    spaces = [{resource.object_name for resource in recording_of(stack).objects} for stack in (first, second)]
    assert not spaces[0] & spaces[1]


@pytest.mark.parametrize(("built", "preview"), [(False, True), (True, True)])
def test_a_preview_plans_the_same_objects_as_the_update(
    stack: str, recording_of: Recorder, built: bool, preview: bool
) -> None:
    planned = {resource.urn for resource in recording_of(stack, built=built, preview=preview).resources}
    assert planned == {resource.urn for resource in recording_of(stack).resources}
