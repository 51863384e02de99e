"""A blue/green rollback switches Services before the engine looks at other services, and leaves the state as it is."""

import json
from typing import Any

import pulumi
import pytest

from tests.support.graph.graph_recorder import Graph, Registered, clear
from tests.support.graph.stack_recordings import STACKS, committed_values, record_stack

NAME = "recommendationservice"


def release(
    version: str, before: Graph | None = None, *, stack: str = "dev", preview: bool = False, **environment: Any
) -> Graph:
    """Record a stack with a blue/green service that calls another, after another update."""
    config, secret = committed_values(stack)
    config["boutique:environment"] = json.dumps(
        {"services": {NAME: {"rollout": {"strategy": "blueGreen"}}}, **environment}
    )
    config["boutique:release"] = json.dumps({"services": {NAME: version}})
    outputs = {"colours": clear(before.outputs["colours"])} if before else {}
    return record_stack(
        stack,
        others={**STACKS, stack: outputs},
        config=(config, secret),
        preview=preview,
        state=before.state if before else None,
    )


@pytest.fixture(scope="module")
def second_release() -> Graph:
    """A stack whose service has switched to a second release."""
    return record_switch("dev")


def record_switch(stack: str) -> Graph:
    return release("1.1.0", release("1.0.0", stack=stack), stack=stack)


def place(graph: Graph, resource: Registered) -> int:
    return graph.resources.index(resource)


def others(graph: Graph) -> list[Registered]:
    """Return everything of the other services."""
    return [
        resource
        for resource in graph.resources
        if not resource.name.startswith(NAME) and resource.kind in ("Deployment", "Service", "ServiceAccount")
    ]


@pytest.mark.parametrize("stack", ["dev", "test", "prod"])
@pytest.mark.parametrize("preview", [False, True])
def test_a_rollback_switches_first(stack: str, preview: bool) -> None:
    graph = release("1.0.0", record_switch(stack), stack=stack, preview=preview)
    service = graph.one("Service", NAME)
    assert {resource.kind for resource in others(graph)} == {"Deployment", "Service", "ServiceAccount"}
    assert not [resource.urn for resource in others(graph) if place(graph, resource) < place(graph, service)]


def test_it_is_no_dependency_so_that_the_state_stays_as_it_is(second_release: Graph) -> None:
    back = release("1.0.0", second_release)
    service = back.one("Service", NAME)
    # Components too: what they wait for is written to the state like that of any other resource.
    needed = {
        resource.urn: set(resource.request.dependencies) for resource in back.resources if resource is not service
    }
    before = {
        resource.urn: set(resource.request.dependencies)
        for resource in second_release.resources
        if resource.urn != service.urn
    }
    assert needed == before


def test_callees_that_it_waits_for_go_with_it(second_release: Graph) -> None:
    graph = release("1.0.0", second_release, order="dependenciesFirst")
    service = graph.one("Service", NAME)
    pods = {
        deployment.name: place(graph, deployment)
        for deployment in graph.of("Deployment")
        if not deployment.name.startswith(NAME)
    }
    earlier = {name for name, its_place in pods.items() if its_place < place(graph, service)}
    assert earlier == {"productcatalogservice"}


@pytest.mark.parametrize("stack", ["dev", "local"])
@pytest.mark.parametrize("environment", [{}, {"order": "dependenciesFirst"}])
def test_everything_is_there_whichever_way_it_goes(stack: str, environment: dict[str, Any]) -> None:
    former = record_switch(stack)
    urns = {resource.urn for resource in former.objects}
    for version in ("1.0.0", "1.1.0"):
        assert {resource.urn for resource in release(version, former, stack=stack, **environment).objects} == urns


def test_there_is_no_smoke_check_for_pods_that_have_served(
    second_release: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[str] = []
    monkeypatch.setattr("boutique.workloads.smoke_check.run", lambda live, *_: requests.append(live.image.version))
    checked = {"rollout": {"strategy": "blueGreen", "prePromotionCheck": {"command": ["true"]}}}
    release("1.0.0", second_release, services={NAME: checked})
    assert requests == []
    release("1.2.0", second_release, services={NAME: checked})
    assert requests == ["1.2.0"]


def test_an_error_that_is_found_on_the_way_ends_the_program(second_release: Graph) -> None:
    with pytest.raises(pulumi.RunError, match="'unknown' is not in boutique:serviceSecrets"):
        release(
            "1.0.0",
            second_release,
            services={NAME: {"rollout": {"strategy": "blueGreen"}, "secrets": {"KEY": "unknown"}}},
        )
