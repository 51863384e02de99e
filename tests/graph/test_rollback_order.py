"""A blue/green rollback switches Services before the engine looks at other services, and leaves the state as it is."""

import json
from typing import Any

import pulumi
import pytest

from tests.support.graph.graph_recorder import Graph, Registered, clear
from tests.support.graph.stack_recordings import STACKS, committed, record_stack

NAME = "recommendationservice"


def release(
    version: str, before: Graph | None = None, *, stack: str = "dev", preview: bool = False, **environment: Any
) -> Graph:
    """Record a stack with a blue/green service that calls another, after another update."""
    config, secret = committed(stack)
    config["boutique:environment"] = json.dumps(
        {"services": {NAME: {"rollout": {"strategy": "blueGreen"}}}, **environment}
    )
    config["boutique:release"] = json.dumps({"services": {NAME: version}})
    told = {"colours": clear(before.outputs["colours"])} if before else {}
    return record_stack(
        stack,
        others={**STACKS, stack: told},
        config=(config, secret),
        preview=preview,
        state=before.state if before else None,
    )


@pytest.fixture(scope="module")
def over() -> Graph:
    """A stack whose service has switched to a second release."""
    return switched("dev")


def switched(stack: str) -> Graph:
    return release("1.1.0", release("1.0.0", stack=stack), stack=stack)


def place(graph: Graph, resource: Registered) -> int:
    return graph.resources.index(resource)


def others(graph: Graph) -> list[Registered]:
    """Return everything of the other services."""
    return [
        each
        for each in graph.resources
        if not each.name.startswith(NAME) and each.kind in ("Deployment", "Service", "ServiceAccount")
    ]


@pytest.mark.parametrize("stack", ["dev", "test", "prod"])
@pytest.mark.parametrize("preview", [False, True])
def test_a_rollback_switches_first(stack: str, preview: bool) -> None:
    graph = release("1.0.0", switched(stack), stack=stack, preview=preview)
    service = graph.one("Service", NAME)
    assert {each.kind for each in others(graph)} == {"Deployment", "Service", "ServiceAccount"}
    assert not [each.urn for each in others(graph) if place(graph, each) < place(graph, service)]


def test_it_is_no_dependency_so_that_the_state_stays_as_it_is(over: Graph) -> None:
    back = release("1.0.0", over)
    service = back.one("Service", NAME)
    # Components too: what they wait for is written to the state like that of any other resource.
    needed = {each.urn: set(each.request.dependencies) for each in back.resources if each is not service}
    before = {each.urn: set(each.request.dependencies) for each in over.resources if each.urn != service.urn}
    assert needed == before


def test_callees_that_it_waits_for_go_with_it(over: Graph) -> None:
    graph = release("1.0.0", over, order="dependenciesFirst")
    service = graph.one("Service", NAME)
    pods = {each.name: place(graph, each) for each in graph.of("Deployment") if not each.name.startswith(NAME)}
    earlier = {name for name, its_place in pods.items() if its_place < place(graph, service)}
    assert earlier == {"productcatalogservice"}


@pytest.mark.parametrize("stack", ["dev", "local"])
@pytest.mark.parametrize("environment", [{}, {"order": "dependenciesFirst"}])
def test_everything_is_there_whichever_way_it_goes(stack: str, environment: dict[str, Any]) -> None:
    former = switched(stack)
    urns = {each.urn for each in former.objects}
    for version in ("1.0.0", "1.1.0"):
        assert {each.urn for each in release(version, former, stack=stack, **environment).objects} == urns


def test_there_is_no_smoke_check_for_pods_that_have_served(over: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("boutique.workloads.smoke_check.run", lambda live, *_: asked.append(live.image.version))
    checked = {"rollout": {"strategy": "blueGreen", "prePromotionCheck": {"command": ["true"]}}}
    release("1.0.0", over, services={NAME: checked})
    assert asked == []
    release("1.2.0", over, services={NAME: checked})
    assert asked == ["1.2.0"]


def test_an_error_that_is_found_on_the_way_ends_the_program(over: Graph) -> None:
    with pytest.raises(pulumi.RunError, match="'unknown' is not in boutique:serviceSecrets"):
        release("1.0.0", over, services={NAME: {"rollout": {"strategy": "blueGreen"}, "secrets": {"KEY": "unknown"}}})
