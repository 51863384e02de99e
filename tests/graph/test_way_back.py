"""The way back to warm pods: before everything that it does not need, and in nobody's state."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from recording import Graph, Registered, clear
from stackfiles import STACKS, committed, record_stack

NAME = "recommendationservice"
LARGE = {"CustomResourceDefinition", "AuthorizationPolicy", "NetworkPolicy", "ValidatingAdmissionPolicy"}
NEEDED = {"Namespace", "Role", "RoleBinding", "mesh-istiod", "deployer"}


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """End a program that waits for ever."""

    def over(*_: object) -> None:
        raise AssertionError("the program waits for ever")

    former = signal.signal(signal.SIGALRM, over)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


def release(version: str, before: Graph | None = None, *, preview: bool = False, **environment: Any) -> Graph:
    """Record the stack `local`, platform and all, with a caller of blue/green releases, after another update."""
    config, secret = committed("local")
    config["boutique:environment"] = json.dumps(
        {"services": {NAME: {"rollout": {"strategy": "blueGreen"}}}, **environment}
    )
    config["boutique:release"] = json.dumps({"services": {NAME: version}})
    told = {"colours": clear(before.outputs["colours"])} if before else {}
    return record_stack("local", others={**STACKS, "local": told}, config=(config, secret), preview=preview)


@pytest.fixture(scope="module")
def over() -> Graph:
    """A stack whose service has gone over to a second release."""
    return release("1.1.0", release("1.0.0"))


def kind(resource: Registered) -> str:
    return resource.type.rsplit(":", 1)[-1]


def place(graph: Graph, resource: Registered) -> int:
    return graph.resources.index(resource)


@pytest.mark.parametrize("preview", [False, True])
def test_it_comes_before_whatever_it_does_not_need(over: Graph, preview: bool) -> None:
    graph = release("1.0.0", over, preview=preview)
    service = graph.one("Service", NAME)
    others = [each for each in graph.of("Deployment") if not each.name.startswith(NAME)]
    late = [*others, *(each for each in graph.resources if kind(each) in LARGE)]
    assert {kind(each) for each in late} == {*LARGE, "Deployment"}
    assert not [each.urn for each in late if place(graph, each) < place(graph, service)]
    earlier = graph.resources[: place(graph, service)]
    assert {kind(each) for each in earlier} | {each.name for each in earlier} >= NEEDED


def test_it_is_no_dependency_so_that_the_state_stays_as_it_is(over: Graph) -> None:
    back = release("1.0.0", over)
    service = back.one("Service", NAME)
    after = {each.urn for each in back.objects if service.urn in back.before(each)}
    assert after == {each.urn for each in back.of("HTTPRoute") if each.name.startswith("routes-")}
    assert not [
        each.urn
        for each in back.objects
        if each is not service and each.urn not in after and back.before(each) != over.before(over.by_urn(each.urn))
    ]


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
    assert {kind(each) for each in fresh.objects} == {kind(each) for each in over.objects}


def test_new_pods_wait_for_what_lets_them_in(over: Graph) -> None:
    graph = release("1.2.0", over)
    [pods] = [each for each in graph.of("Deployment") if each.name.startswith(NAME) and "1.2.0" in str(each.inputs)]
    rules = graph.of("ValidatingAdmissionPolicy")
    assert rules
    assert max(place(graph, each) for each in rules) < place(graph, pods)


def test_a_mistake_that_is_found_on_the_way_ends_the_program(over: Graph) -> None:
    with pytest.raises(pulumi.RunError, match="'unknown' is not in boutique:serviceSecrets"):
        release("1.0.0", over, services={NAME: {"rollout": {"strategy": "blueGreen"}, "secrets": {"KEY": "unknown"}}})
