"""The route table: which routes there are, who owns them, and whom they serve."""

from dataclasses import replace

import pytest
from hypothesis import given

from boutique.mesh.istio import RETRIES
from boutique.names.feature_names import NamingError
from boutique.routing import http_routes, route_table, virtual_services
from boutique.routing.model import Backend, FeatureRouting, Table
from boutique.routing.resolution import EdgeRequest, Headers, MeshCall, backend
from boutique.routing.route_table import RoutingError, additions, baseline, table
from tests.support import online_boutique
from tests.support.routing_strategies import ENTRY, ENVIRONMENT, GATEWAY, HOST, features, requests, tables

ADS = Backend(service="ads", port=9555)
NEW_ADS = FeatureRouting(stack="dev-new-ads", key="new-ads", services=("ads",), sessions=("abc", "def"))
NEW_FRONT = FeatureRouting(
    stack="dev-new-front", key="new-front", services=("front", "cart"), sessions=("ghi",), header=True
)
BOTH = table(ENVIRONMENT, [NEW_ADS, NEW_FRONT])


def cookie(session: str) -> tuple[str, str]:
    return ("Cookie", f"{ENVIRONMENT.cookie}={session}")


def resolved_backend(request: EdgeRequest | MeshCall, where: Table = BOTH) -> tuple[str, str | None] | None:
    answer = backend(where, request)
    return (answer.backend.service, answer.baggage) if answer else None


@pytest.mark.parametrize(
    ("host", "headers", "service", "baggage"),
    [
        (HOST, (), "front", None),
        (HOST, (("baggage", "feature=new-ads"), ("Baggage", "feature=new-front")), "front", None),
        (HOST, (cookie("abc"),), "front", "feature=new-ads"),
        (HOST, (cookie("def"), ("baggage", "feature=new-front,a=1")), "front", "feature=new-ads"),
        (HOST, (cookie("ghi"),), "front-new-front", "feature=new-front"),
        (HOST, (cookie("xyz"),), "front", None),
        (HOST, (("boutique-feature", "new-front"),), "front-new-front", "feature=new-front"),
        (HOST, (("boutique-feature", "new-ads"),), "front", None),
        (f"new-ads.{HOST}", (), "front", "feature=new-ads"),
        (f"new-ads.{HOST}:8443", (("baggage", "feature=x"),), "front", "feature=new-ads"),
        (f"new-front.{HOST}", (), "front-new-front", "feature=new-front"),
        # The host is the stronger wish: only its feature has a route there.
        (f"new-ads.{HOST}", (cookie("ghi"), ("boutique-feature", "new-front")), "front", "feature=new-ads"),
        # Two sessions: the feature that is older.
        (HOST, (cookie("ghi"), cookie("abc")), "front", "feature=new-ads"),
    ],
)
def test_who_serves_a_request_from_outside(host: str, headers: Headers, service: str, baggage: str | None) -> None:
    assert resolved_backend(EdgeRequest(host=host, headers=headers)) == (service, baggage)


@pytest.mark.parametrize("host", ["shop.example", f"other.{HOST}", f"x{HOST}", ""])
def test_nobody_serves_another_host(host: str) -> None:
    assert resolved_backend(EdgeRequest(host=host)) is None


@pytest.mark.parametrize(
    ("service", "baggage", "serving"),
    [
        (ADS, None, "ads"),
        (ADS, "feature=new-ads", "ads-new-ads"),
        (ADS, "a=1,feature=new-ads", "ads-new-ads"),
        (ADS, "feature=new-front", "ads"),
        (ENTRY, "feature=new-ads", "front"),
        (Backend(service="cart", port=7070), "feature=new-front", "cart-new-front"),
        (Backend(service="store", port=6379), "feature=new-ads", "store"),
    ],
)
def test_who_serves_a_call_inside(service: Backend, baggage: str | None, serving: str) -> None:
    headers = (("baggage", baggage),) if baggage else ()
    assert resolved_backend(MeshCall(service=service, headers=headers)) == (serving, baggage)


def test_a_feature_without_the_environments_routes_would_starve_everybody_else() -> None:
    alone = additions(ENVIRONMENT, NEW_ADS)
    assert resolved_backend(MeshCall(service=ADS), alone) is None
    assert resolved_backend(EdgeRequest(host=HOST), alone) is None


@given(tables, requests)
def test_nothing_that_outsiders_say_in_baggage_changes_anything(table: Table, request: EdgeRequest) -> None:
    silent = replace(request, headers=tuple(header for header in request.headers if header[0].lower() != "baggage"))
    assert backend(table, request) == backend(table, silent)


@given(features())
def test_features_leave_the_environments_routes_as_they_are(made: tuple[FeatureRouting, ...]) -> None:
    before, after = baseline(ENVIRONMENT), table(ENVIRONMENT, made)
    assert http_routes.edge(before, GATEWAY).items() <= http_routes.edge(after, GATEWAY).items()
    assert http_routes.mesh(before).items() <= http_routes.mesh(after).items()
    assert {route.name for route in (*after.edge, *after.mesh) if route.owner == ENVIRONMENT.stack} == {
        "edge",
        "front",
        "cart",
        "ads",
    }


@given(features())
def test_a_feature_owns_one_route_for_each_service_and_session_and_its_host(made: tuple[FeatureRouting, ...]) -> None:
    whole = table(ENVIRONMENT, made)
    for feature in made:
        edge = http_routes.edge(additions(ENVIRONMENT, feature), GATEWAY)
        mesh = http_routes.mesh(additions(ENVIRONMENT, feature))
        assert len(edge) == 1 + len(feature.sessions) + feature.header
        assert len(mesh) == len(feature.services)
        assert {route.name for route in (*whole.edge, *whole.mesh) if route.owner == feature.stack} == {*edge, *mesh}


@given(features())
def test_one_object_of_the_one_owner_for_each_host_and_service(made: tuple[FeatureRouting, ...]) -> None:
    whole = table(ENVIRONMENT, made)
    hosts = [host for spec in virtual_services.edge(whole, GATEWAY).values() for host in spec["hosts"]]
    assert sorted(hosts) == sorted([HOST, *(f"{feature.key}.{HOST}" for feature in made)])
    assert virtual_services.mesh(whole).keys() == {"front", "cart", "ads"}


def test_sessions_cost_nothing_in_the_mesh() -> None:
    many = replace(NEW_ADS, sessions=tuple(f"session-{number}" for number in range(100)))
    assert http_routes.mesh(additions(ENVIRONMENT, many)) == http_routes.mesh(additions(ENVIRONMENT, NEW_ADS))


def test_an_environment_without_features_has_one_route() -> None:
    closed = replace(ENVIRONMENT, features=False)
    assert http_routes.mesh(baseline(closed)) == virtual_services.mesh(baseline(closed)) == {}
    assert list(http_routes.edge(baseline(closed), GATEWAY)) == ["edge"]
    assert resolved_backend(MeshCall(service=ADS, headers=(("baggage", "feature=x"),)), baseline(closed)) == (
        "ads",
        "feature=x",
    )


def test_routes_of_one_service_have_the_same_parent() -> None:
    # Istio joins only those; of two that differ in the port, one would do nothing.
    specs = http_routes.mesh(BOTH)
    assert specs["ads"]["parentRefs"] == specs["ads-new-ads"]["parentRefs"]
    assert specs["ads"]["parentRefs"] == [{"group": "", "kind": "Service", "name": "ads", "port": 9555}]


def test_routes_of_the_edge_attach_to_the_gateway() -> None:
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "istio-ingress", "name": "shop"}
    # Plain HTTP has a listener of its own, which only redirects.
    for route, spec in zip(BOTH.edge, http_routes.edge(BOTH, GATEWAY).values(), strict=True):
        under = route.host != ENVIRONMENT.host
        assert spec["parentRefs"] == [{**parent, "sectionName": "previews" if under else "https"}]
    assert all(spec["gateways"] == ["istio-ingress/shop"] for spec in virtual_services.edge(BOTH, GATEWAY).values())


def test_the_edge_waits_for_an_answer_without_a_limit() -> None:
    for spec in http_routes.edge(BOTH, GATEWAY).values():
        assert [rule["timeouts"] for rule in spec["rules"]] == [{"request": "0s"}]
    for spec in virtual_services.edge(BOTH, GATEWAY).values():
        assert all("timeout" not in rule for rule in spec["http"])


def test_every_virtual_service_says_what_is_sent_again() -> None:
    specs = [*virtual_services.edge(BOTH, GATEWAY).values(), *virtual_services.mesh(BOTH).values()]
    assert all(rule["retries"] == RETRIES for spec in specs for rule in spec["http"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"services": ()}, "the feature 'new-ads' changes no service"),
        ({"services": ("adds",)}, "'adds' cannot be part of a feature: there is no such service; did you mean 'ads'?"),
        ({"services": ("ads", "store")}, "'store' cannot be part of a feature: it is not called by HTTP or gRPC"),
    ],
)
def test_a_feature_that_cannot_be_routed_is_refused(change: dict[str, tuple[str, ...]], reason: str) -> None:
    with pytest.raises(RoutingError, match=f"^{reason}"):
        additions(ENVIRONMENT, replace(NEW_ADS, **change))


def test_an_environment_that_allows_no_features_refuses_them() -> None:
    with pytest.raises(RoutingError, match="the environment 'dev' allows no features"):
        additions(replace(ENVIRONMENT, features=False), NEW_ADS)


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        (replace(NEW_ADS, key="New"), "'New' is no key"),
        (replace(NEW_ADS, sessions=("a;b",)), "a session id cannot hold ';'"),
        (replace(NEW_FRONT, key="external"), "'front-external' is the environment's own"),
    ],
)
def test_a_feature_that_cannot_be_named_is_refused(feature: FeatureRouting, reason: str) -> None:
    with pytest.raises(NamingError, match=f"^{reason}"):
        additions(ENVIRONMENT, feature)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (
            replace(NEW_FRONT, key="new-ads"),
            "the feature 'new-ads' of stack 'dev-new-front' cannot have the route 'preview-new-ads': "
            "it belongs to the feature 'new-ads' of stack 'dev-new-ads'",
        ),
        (
            replace(NEW_FRONT, sessions=("xyz", "abc")),
            "the feature 'new-front' of stack 'dev-new-front' cannot have the route 'session-ba7816bf8f01cfea': "
            "it belongs to the feature 'new-ads' of stack 'dev-new-ads'",
        ),
    ],
)
def test_what_another_feature_has_is_refused(second: FeatureRouting, reason: str) -> None:
    with pytest.raises(RoutingError, match=f"^{reason}$"):
        table(ENVIRONMENT, [NEW_ADS, second])


def test_the_shop() -> None:
    services = route_table.services(online_boutique.WORKLOADS)
    assert Backend(service="frontend", port=80) in services
    # The Service's port, which differs from the container's.
    assert Backend(service="emailservice", port=5000) in services
    assert {service.service for service in services}.isdisjoint({"redis-cart", "loadgenerator"})
    assert len(services) == 10
    assert {"redis-cart", "loadgenerator", "frontend-external"} <= route_table.names(online_boutique.WORKLOADS)
