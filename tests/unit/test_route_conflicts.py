"""Which routes of others are for what a stack routes in the other API, and which are not."""

from dataclasses import replace
from typing import Any

import pytest

from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import Backend, EnvironmentRouting, FeatureRouting
from boutique.routing.route_conflicts import RouteClaim, conflicts
from boutique.routing.route_table import table
from boutique.settings.ingress_settings import GATEWAY_API, VIRTUAL_SERVICE

ADS, FRONT = Backend(service="adservice", port=9555), Backend(service="frontend", port=80)
ENTRANCE = GatewayEndpoint(
    routing=GATEWAY_API,
    host="shop.localhost",
    port=443,
    namespace="istio-ingress",
    gateway="ingress",
    listener="https-local",
    preview_listener="preview-local",
)
ENVIRONMENT = EnvironmentRouting(
    stack="local",
    host=ENTRANCE.host,
    entry=FRONT,
    services=(ADS, FRONT),
    taken=frozenset({"adservice", "frontend", "redis-cart"}),
    cookie="id",
    features=True,
)
HTTP_ROUTES = RouteClaim.of(
    table(ENVIRONMENT, []), ENTRANCE, stack="local", setting="some.key: 'some value'", previews=True
)
VIRTUAL_SERVICES = replace(HTTP_ROUTES, api=VIRTUAL_SERVICE)
GATEWAY = "istio-ingress/ingress"
ON_GATEWAY = [{"kind": "Gateway", "name": "ingress", "namespace": "istio-ingress"}]
ON_ADS = [{"group": "", "kind": "Service", "name": "adservice", "port": 9555}]


def route(spec: dict[str, Any] | None, name: str = "mine", owner: str = "", feature: str = "") -> dict[str, Any]:
    """Return an object as the API server has it: without annotations or labels where there are none."""
    annotations = {"annotations": {"boutique.dev/owner": owner}} if owner else {}
    labels = {"labels": {"boutique.dev/feature": feature}} if feature else {}
    return {"metadata": {"name": name, **annotations, **labels}, **({} if spec is None else {"spec": spec})}


def setting(claim: RouteClaim, *routes: dict[str, Any]) -> list[str]:
    errors = list(conflicts(routes, "local", claim))
    assert {error.code for error in errors} <= {"route-conflict"}
    return [*errors]


@pytest.mark.parametrize(
    ("spec", "conflict"),
    [
        ({"hosts": ["adservice"]}, "'adservice'"),
        ({"hosts": ["adservice.local"]}, "'adservice.local'"),
        ({"hosts": ["adservice.local.svc"]}, "'adservice.local.svc'"),
        ({"hosts": ["adservice.local.svc.cluster.local"]}, "'adservice.local.svc.cluster.local'"),
        ({"hosts": ["*"]}, "'*'"),
        ({"hosts": ["*.local.svc.cluster.local"]}, "'*.local.svc.cluster.local'"),
        ({"hosts": ["*.cluster.local"]}, "'*.cluster.local'"),
        ({"hosts": ["example.com", "frontend", "adservice"]}, "'frontend', 'adservice'"),
        ({"hosts": ["adservice"], "gateways": []}, "'adservice'"),
        ({"hosts": ["adservice"], "gateways": ["mesh"]}, "'adservice'"),
        ({"hosts": ["adservice"], "gateways": [GATEWAY, "mesh"]}, "'adservice'"),
        ({"hosts": ["shop.localhost"], "gateways": [GATEWAY, "mesh"]}, "'shop.localhost'"),
        ({"hosts": ["shop.localhost"], "gateways": [GATEWAY]}, "'shop.localhost'"),
        ({"hosts": ["shop.localhost"], "gateways": ["another"]}, "'shop.localhost'"),
        ({"hosts": ["new-ads.shop.localhost"], "gateways": [GATEWAY]}, "'new-ads.shop.localhost'"),
        ({"hosts": ["*.shop.localhost"], "gateways": [GATEWAY]}, "'*.shop.localhost'"),
        ({"hosts": ["*.ads.shop.localhost"], "gateways": [GATEWAY]}, "'*.ads.shop.localhost'"),
        ({"hosts": ["*.localhost"], "gateways": [GATEWAY]}, "'*.localhost'"),
        ({"hosts": ["*"], "gateways": [GATEWAY]}, "'*'"),
        # Of a Service that the mesh does not route.
        ({"hosts": ["redis-cart"]}, None),
        ({"hosts": ["adservice-new-ads"]}, None),
        # Of another namespace.
        ({"hosts": ["adservice.other"]}, None),
        ({"hosts": ["adservice.other.svc.cluster.local"]}, None),
        ({"hosts": ["*.other.svc.cluster.local"]}, None),
        # In the mesh no call has the environment's host; at a gateway none has a Service's host.
        ({"hosts": ["shop.localhost", "*.shop.localhost"]}, None),
        ({"hosts": ["adservice", "*.cluster.local"], "gateways": [GATEWAY]}, None),
        ({"hosts": ["myshop.localhost", "localhost", "*.example.com"], "gateways": [GATEWAY]}, None),
        # Another VirtualService delegates to these.
        ({"http": []}, None),
        (None, None),
    ],
)
def test_virtual_services_beside_http_routes(spec: dict[str, Any] | None, conflict: str | None) -> None:
    messages = setting(HTTP_ROUTES, route(spec))
    assert len(messages) == (conflict is not None)
    assert (
        not messages or f"VirtualService 'mine' of no stack is for {conflict}, which HTTPRoutes route;" in messages[0]
    )
    assert not setting(HTTP_ROUTES, route(spec, owner="local")), "an environment that goes over deletes its own"


def test_full_names_end_in_the_domain_of_the_cluster() -> None:
    entrance = ENTRANCE.model_copy(update={"cluster_domain": "prod.internal"})
    claim = RouteClaim.of(table(ENVIRONMENT, []), entrance, stack="local", setting="some.key: 'some value'")
    for host in ("adservice", "adservice.local.svc", "adservice.local.svc.prod.internal", "*.prod.internal"):
        assert len(setting(claim, route({"hosts": [host]}))) == 1, host
    for host in ("adservice.local.svc.cluster.local", "*.cluster.local"):
        assert not setting(claim, route({"hosts": [host]})), host


@pytest.mark.parametrize(
    ("spec", "conflict"),
    [
        ({"parentRefs": ON_ADS}, "'adservice'"),
        ({"parentRefs": [{**ON_ADS[0], "namespace": "local"}]}, "'adservice'"),
        ({"parentRefs": ON_ADS, "hostnames": ["example.com"]}, "'adservice'"),
        ({"parentRefs": [*ON_ADS, {**ON_ADS[0], "port": 80}]}, "'adservice'"),
        ({"parentRefs": ON_GATEWAY, "hostnames": ["shop.localhost"]}, "'shop.localhost'"),
        ({"parentRefs": ON_GATEWAY, "hostnames": ["a.example", "a.shop.localhost"]}, "'a.shop.localhost'"),
        ({"parentRefs": ON_GATEWAY, "hostnames": ["*.localhost"]}, "'*.localhost'"),
        ({"parentRefs": [{"name": "another"}], "hostnames": ["shop.localhost"]}, "'shop.localhost'"),
        ({"parentRefs": ON_GATEWAY}, "'*'"),
        # Of another gateway's hosts nothing is known here.
        ({"parentRefs": [{"name": "another"}]}, None),
        ({"parentRefs": [{"name": "ingress"}]}, None),
        ({"parentRefs": ON_GATEWAY, "hostnames": ["example.com", "localhost"]}, None),
        ({"parentRefs": [{**ON_ADS[0], "name": "redis-cart"}]}, None),
        ({"parentRefs": [{**ON_ADS[0], "namespace": "other"}]}, None),
        ({"parentRefs": [{**ON_ADS[0], "kind": "ServiceEntry"}]}, None),
        # A route of a Service takes no host into account.
        ({"parentRefs": [{**ON_ADS[0], "name": "redis-cart"}], "hostnames": ["shop.localhost"]}, None),
        ({}, None),
    ],
)
def test_http_routes_beside_virtual_services(spec: dict[str, Any], conflict: str | None) -> None:
    messages = setting(VIRTUAL_SERVICES, route(spec))
    assert len(messages) == (conflict is not None)
    assert (
        not messages or f"HTTPRoute 'mine' of no stack is for {conflict}, which VirtualServices route;" in messages[0]
    )
    assert not setting(VIRTUAL_SERVICES, route(spec, owner="local")), "an environment that goes over deletes its own"


@pytest.mark.parametrize(
    ("claim", "theirs", "expected"),
    [
        (
            HTTP_ROUTES,
            route({"hosts": ["adservice"]}),
            "some.key: 'some value': VirtualService 'mine' of no stack is for 'adservice', which HTTPRoutes route; "
            "Istio would ignore one of them: delete it (kubectl -n local delete virtualservice mine), or take that "
            "out of its hosts",
        ),
        (
            HTTP_ROUTES,
            route({"hosts": ["adservice"]}, owner="theirs"),
            "some.key: 'some value': VirtualService 'mine' of stack 'theirs' is for 'adservice', which HTTPRoutes "
            "route; Istio would ignore one of them: remove it there, or take that out of its hosts",
        ),
        (
            VIRTUAL_SERVICES,
            route({"parentRefs": ON_ADS}),
            "some.key: 'some value': HTTPRoute 'mine' of no stack is for 'adservice', which VirtualServices route; "
            "Istio would ignore one of them: delete it (kubectl -n local delete httproute mine), or take that out "
            "of its parentRefs and hostnames",
        ),
        (
            VIRTUAL_SERVICES,
            route({"parentRefs": ON_ADS}, owner="local-new-ads", feature="new-ads"),
            "some.key: 'some value': HTTPRoute 'mine' of stack 'local-new-ads' is for 'adservice', which "
            "VirtualServices route; Istio would ignore one of them: it is of the feature 'new-ads'; run `pulumi "
            "destroy` of stack 'local-new-ads' first, or `boutique feature down new-ads`",
        ),
        (
            VIRTUAL_SERVICES,
            route({"parentRefs": ON_ADS}, feature="new-ads"),
            "some.key: 'some value': HTTPRoute 'mine' of no stack is for 'adservice', which VirtualServices route; "
            "Istio would ignore one of them: it is of the feature 'new-ads'; run `boutique feature down new-ads`",
        ),
    ],
)
def test_the_key_the_object_its_owner_and_the_remedy_are_named(
    claim: RouteClaim, theirs: dict[str, Any], expected: str
) -> None:
    assert setting(claim, theirs) == [expected]


def test_each_route_has_a_line_and_each_feature_one() -> None:
    on_host = {"parentRefs": ON_GATEWAY, "hostnames": ["a.shop.localhost"]}
    messages = setting(
        VIRTUAL_SERVICES,
        route({"parentRefs": ON_ADS}, name="one"),
        route(on_host, name="two"),
        *(route(on_host, name=f"preview-{key}", owner=f"local-{key}", feature=key) for key in ("a", "b", "a")),
        route(on_host, name="header-b", owner="local-b", feature="b"),
    )
    assert [line.split("HTTPRoute '")[1].split("'")[0] for line in messages] == ["one", "two", "preview-a", "preview-b"]


def test_a_feature_claims_what_it_routes_and_no_more() -> None:
    whole = table(ENVIRONMENT, [FeatureRouting(stack="local-new", key="new", services=("adservice",))])
    own = replace(
        whole,
        edge=tuple(route for route in whole.edge if route.feature),
        mesh=tuple(route for route in whole.mesh if route.feature),
    )
    claim = RouteClaim.of(own, ENTRANCE, stack="local-new", setting="some.key")
    assert claim.hosts == {"new.shop.localhost"}
    assert claim.services == {"adservice"}
    assert not setting(claim, route({"hosts": ["frontend"]}))
    assert not setting(claim, route({"hosts": ["shop.localhost", "other.shop.localhost"], "gateways": [GATEWAY]}))
    assert setting(claim, route({"hosts": ["*.shop.localhost"], "gateways": [GATEWAY]}))
