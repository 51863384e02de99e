"""An environment's routes: requests without a feature reach the baseline, in either routing API."""

import json

import pytest

from boutique.routing import route_table
from tests.graph.test_ingress import of_dev, with_platform
from tests.support import online_boutique
from tests.support.graph import stack_recordings
from tests.support.graph.graph_recorder import Graph
from tests.support.graph.stack_recordings import PLAIN, Recorder

CALLED = {service.service for service in route_table.services(online_boutique.WORKLOADS)}


@pytest.fixture
def local(recording_of: Recorder) -> Graph:
    return recording_of("local")


VARY = "Cookie, boutique-feature"


def without_features() -> Graph:
    config, secret = stack_recordings.committed_values("local")
    section = json.loads(config["boutique:environment"])
    del section["features"]
    config["boutique:environment"] = json.dumps(section)
    return stack_recordings.record_stack("local", config=(config, secret))


def test_the_edge_takes_away_what_outsiders_say_of_features(local: Graph) -> None:
    edge = local.one("HTTPRoute", "routes-edge")
    [rule] = edge.inputs["spec"]["rules"]
    assert edge.inputs["spec"]["hostnames"] == ["shop.localhost"]
    assert edge.inputs["spec"]["parentRefs"][0]["sectionName"] == "https-local"
    assert rule["filters"] == [
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["baggage"]}},
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [{"name": "Vary", "value": VARY}]}},
    ]
    assert rule["backendRefs"] == [{"name": online_boutique.ENTRY.name, "port": 80}]


def test_where_features_are_allowed_every_service_has_a_route_to_itself(local: Graph) -> None:
    specs = {
        route.object_name[2]: route.inputs["spec"]
        for route in local.of("HTTPRoute")
        if route.name != "ingress-redirect"
    }
    assert specs.keys() == CALLED | {"edge"}
    for name in CALLED:
        [rule] = specs[name]["rules"]
        [backend] = rule["backendRefs"]
        assert [backend["name"]] == [parent["name"] for parent in specs[name]["parentRefs"]] == [name]
        assert "matches" not in rule


def test_where_features_are_not_allowed_only_the_edge_has_a_route() -> None:
    graph = without_features()
    names = {route.object_name[2] for route in graph.of("HTTPRoute")}
    assert names == {"edge", "redirect"}
    # There a shared cache keeps one answer for all.
    [rule] = graph.one("HTTPRoute", "routes-edge").inputs["spec"]["rules"]
    assert [entry["type"] for entry in rule["filters"]] == ["RequestHeaderModifier"]


def test_routes_are_awaited_and_come_after_what_they_lead_to(local: Graph) -> None:
    deployments = {deployment.urn for deployment in local.of("Deployment") if deployment.name in CALLED}
    for route in local.of("HTTPRoute"):
        if route.name != "ingress-redirect":
            assert deployments <= local.before(route)
            annotations = route.inputs["metadata"]["annotations"]
            assert "Accepted" in annotations["pulumi.com/waitFor"]
            assert annotations["boutique.dev/owner"] == "local"


def test_virtual_services_say_the_same(local: Graph) -> None:
    graph = with_platform(routing={"api": "virtual-service"})
    services = {
        virtual_service.object_name[2]: virtual_service.inputs["spec"]
        for virtual_service in graph.of("VirtualService")
        if "routes" in virtual_service.name
    }
    assert services.keys() == {route.object_name[2] for route in local.of("HTTPRoute")} - {"redirect"}
    [rule] = services["edge"]["http"]
    assert services["edge"]["hosts"] == ["shop.localhost"]
    assert services["edge"]["gateways"] == ["istio-ingress/ingress"]
    assert rule["headers"] == {"request": {"remove": ["baggage"]}, "response": {"add": {"Vary": VARY}}}


def test_an_environment_on_another_stacks_cluster_routes_from_that_stacks_gateway() -> None:
    graph = of_dev(stack_recordings.TARGETS["dev"])
    edge = graph.one("HTTPRoute", "routes-edge")
    assert edge.inputs["spec"]["hostnames"] == ["dev.shop.example.com"]
    [parent] = edge.inputs["spec"]["parentRefs"]
    assert (parent["namespace"], parent["name"], parent["sectionName"]) == ("istio-ingress", "ingress", "https-dev")
    assert graph.outputs["url"] == "https://dev.shop.example.com"


def test_without_an_ingress_there_are_no_routes(recording_of: Recorder) -> None:
    assert not recording_of(PLAIN).of("HTTPRoute")
