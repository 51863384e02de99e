"""The way back to warm pods: before everything that it does not need, and in nobody's state."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pulumi
import pytest
from recording import Graph, Registered, clear
from stackfiles import STACKS, committed, record_stack

NAME = "recommendationservice"
LATE = {"CustomResourceDefinition", "AuthorizationPolicy", "NetworkPolicy", "Gateway"}
ADMISSION = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
NEEDED = {"Namespace", "Role", "RoleBinding", "mesh-istiod", "deployer"}


def release(version: str, before: Graph | None = None, *, preview: bool = False, **environment: Any) -> Graph:
    """Record the stack `local`, platform and all, with a caller of blue/green releases, after another update."""
    config, secret = committed("local")
    config["boutique:environment"] = json.dumps(
        {"services": {NAME: {"rollout": {"strategy": "blueGreen"}}}, **environment}
    )
    config["boutique:release"] = json.dumps({"services": {NAME: version}})
    told = {"colours": clear(before.outputs["colours"])} if before else {}
    with in_time():
        return record_stack(
            "local",
            others={**STACKS, "local": told},
            config=(config, secret),
            preview=preview,
            state=before.state if before else None,
        )


@contextmanager
def in_time() -> Iterator[None]:
    """End a program that waits for ever."""

    def too_late(*_: object) -> None:
        raise AssertionError("the program waits for ever")

    former = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(60)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


@pytest.fixture(scope="module")
def over() -> Graph:
    """A stack whose service has gone over to a second release."""
    return release("1.1.0", release("1.0.0"))


def place(graph: Graph, resource: Registered) -> int:
    return graph.resources.index(resource)


@pytest.mark.parametrize("preview", [False, True])
def test_it_comes_before_whatever_it_does_not_need(over: Graph, preview: bool) -> None:
    graph = release("1.0.0", over, preview=preview)
    service = graph.one("Service", NAME)
    others = [each for each in graph.of("Deployment") if not each.name.startswith(NAME)]
    late = [*others, *(each for each in graph.resources if each.kind in LATE)]
    assert {each.kind for each in late} == {*LATE, "Deployment"}
    assert not [each.urn for each in late if place(graph, each) < place(graph, service)]
    earlier = graph.resources[: place(graph, service)]
    assert {each.kind for each in earlier} | {each.name for each in earlier} >= NEEDED


def test_it_is_no_dependency_so_that_the_state_stays_as_it_is(over: Graph) -> None:
    back = release("1.0.0", over)
    service = back.one("Service", NAME)
    # Components too: what they wait for is written to the state like that of any other resource.
    needed = {each.urn: set(each.request.dependencies) for each in back.resources if each is not service}
    before = {each.urn: set(each.request.dependencies) for each in over.resources if each.urn != service.urn}
    assert needed == before


def test_callees_that_it_waits_for_go_with_it(over: Graph) -> None:
    graph = release("1.0.0", over, order="calleesFirst")
    service = graph.one("Service", NAME)
    pods = {each.name: place(graph, each) for each in graph.of("Deployment") if not each.name.startswith(NAME)}
    earlier = {name for name, its_place in pods.items() if its_place < place(graph, service)}
    assert earlier == {"productcatalogservice"}
    definitions = [place(graph, each) for each in graph.of("CustomResourceDefinition")]
    assert min(definitions) > place(graph, service)


@pytest.mark.parametrize("environment", [{}, {"order": "calleesFirst"}])
def test_everything_is_there_whichever_way_it_goes(over: Graph, environment: dict[str, Any]) -> None:
    urns = {each.urn for each in over.objects}
    for version, former in (("1.0.0", over), ("1.1.0", over)):
        assert {each.urn for each in release(version, former, **environment).objects} == urns
    fresh = release("1.1.0", **environment)
    assert {each.kind for each in fresh.objects} == {each.kind for each in over.objects}


@pytest.mark.parametrize(("version", "environment"), [("1.2.0", {}), ("1.0.0", {"order": "calleesFirst"})])
def test_what_lets_new_pods_in_waits_for_none_of_them(over: Graph, version: str, environment: dict[str, Any]) -> None:
    graph = release(version, over, **environment)
    rules = [each for each in graph.resources if each.kind in ADMISSION and each.name.startswith("local-")]
    assert {each.kind for each in rules} == ADMISSION
    # With callees first a way back waits for callees, and their pods may be new.
    assert max(place(graph, each) for each in rules) < min(place(graph, each) for each in graph.of("Deployment"))


def test_there_is_no_smoke_check_for_pods_that_have_served(over: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("boutique.workloads.smoke_check.run", lambda live, *_: asked.append(live.image.version))
    checked = {"rollout": {"strategy": "blueGreen", "check": {"command": ["true"]}}}
    release("1.0.0", over, services={NAME: checked})
    assert asked == []
    release("1.2.0", over, services={NAME: checked})
    assert asked == ["1.2.0"]


def test_a_mistake_that_is_found_on_the_way_ends_the_program(over: Graph) -> None:
    with pytest.raises(pulumi.RunError, match="'unknown' is not in boutique:serviceSecrets"):
        release("1.0.0", over, services={NAME: {"rollout": {"strategy": "blueGreen"}, "secrets": {"KEY": "unknown"}}})
