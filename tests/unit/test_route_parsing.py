"""What is read back from the objects of either routing API is what was written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from boutique.routing import header_patterns, http_routes, virtual_services
from boutique.routing.endpoint import GatewayEndpoint
from boutique.routing.model import EdgeRoute, FeatureRouting, Table
from boutique.routing.resolution import EdgeRequest, MeshCall, Resolution, backend
from boutique.routing.route_descriptions import describe_backend
from boutique.routing.route_parser import Unread, in_force
from boutique.routing.route_table import table
from ops.errors import OperationError
from ops.routes.cluster_routes import RouteTable
from ops.routes.route_question import answer_question
from tests.support.routing_strategies import ENVIRONMENT, GATEWAY, HOST, SERVICES, session_ids, tables


def objects(specs: Any, owners: dict[str, str]) -> list[dict[str, Any]]:
    """Return objects as the API server has them, in the order of their making."""
    return [
        {
            "metadata": {
                "name": name,
                "creationTimestamp": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
                "annotations": {"boutique.dev/owner": owners.get(name, "dev")},
            },
            "spec": spec,
        }
        for number, (name, spec) in enumerate(specs.items())
    ]


def cache_headers(served: Resolution) -> tuple[bool, tuple[str, ...]]:
    assert isinstance(served.route, EdgeRoute)
    return served.route.no_store, served.route.vary


def owners(of: Table) -> dict[str, str]:
    return {route.name: route.owner for route in (*of.edge, *of.mesh)}


@given(tables)
def test_httproutes_say_the_whole_table(of: Table) -> None:
    edge, mesh = (objects(specs, owners(of)) for specs in (http_routes.edge(of, GATEWAY), http_routes.mesh(of)))
    result = in_force([*edge, *mesh], [])
    assert not result.unread
    assert result.table == Table(edge=tuple(replace(route, preview=False) for route in of.edge), mesh=of.mesh)


@given(tables)
def test_virtual_services_say_who_serves_whom(of: Table) -> None:
    # One stack writes all of them, so it owns every route in them.
    specs = {**virtual_services.mesh(of), **virtual_services.edge(of, GATEWAY)}
    result = in_force([], objects(specs, {}))
    assert not result.unread
    for route in of.edge:
        requests: list[tuple[str, str]] = []
        if route.cookie:
            requests.append(("cookie", f"{route.cookie.name}={route.cookie.value}"))
        if route.header:
            requests.append((route.header.name, route.header.value))
        request = EdgeRequest(host=route.host, headers=tuple(requests))
        actual, wanted = backend(result.table, request), backend(of, request)
        assert actual is not None
        assert wanted is not None
        assert (actual.backend, actual.baggage) == (wanted.backend, wanted.baggage)
        assert cache_headers(actual) == cache_headers(wanted)
    for inside in of.mesh:
        call = MeshCall(service=inside.service, headers=(("baggage", f"feature={inside.feature}"),))
        actual, wanted = backend(result.table, call), backend(of, call)
        assert actual is not None
        assert wanted is not None
        assert actual.backend == wanted.backend


@given(session_ids)
def test_a_pattern_gives_its_cookie_back(session: str) -> None:
    assert header_patterns.cookie_of(header_patterns.cookie("shop_session-id", session)) == ("shop_session-id", session)
    assert header_patterns.baggage_of(header_patterns.baggage("feature", session)) == ("feature", session)


@pytest.mark.parametrize("pattern", ["", ".*", "shop_session-id=abc", ".*feature=abc.*", "(?:.*[;,])?[ \\t]*a=(?:b|c)"])
def test_a_pattern_of_somebody_else_is_not_taken_for_ours(pattern: str) -> None:
    assert header_patterns.cookie_of(pattern) is None
    assert header_patterns.baggage_of(pattern) is None


def changed_route(**changes: Any) -> dict[str, Any]:
    """Return the edge's route of an environment with something else in its rule."""
    of = table(ENVIRONMENT, [FeatureRouting(stack="dev-a", key="a", services=("ads",))])
    [route] = objects({"edge": http_routes.edge(of, GATEWAY)["edge"]}, {})
    [rule] = route["spec"]["rules"]
    return {**route, "spec": {**route["spec"], "rules": [{**rule, **changes}]}}


def header(kind: str, name: str, value: str) -> dict[str, Any]:
    return {"headers": [{"type": kind, "name": name, "value": value}]}


def query(name: str) -> dict[str, Any]:
    return {"matches": [{"queryParams": [{"type": "Exact", "name": name, "value": "1"}]}]}


BACKEND = {"group": "", "kind": "Service", "name": "front", "port": 80}
EDGE = {"set": [{"name": "baggage", "value": "feature=a"}]}


def modifier(**change: Any) -> dict[str, Any]:
    return {"filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": change}]}


def answers(**change: Any) -> dict[str, Any]:
    filters = modifier(remove=["baggage"])["filters"]
    return {"filters": [*filters, {"type": "ResponseHeaderModifier", "responseHeaderModifier": change}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matches": [{"path": {"type": "PathPrefix", "value": "/cart"}}]}, "has path in its matches"),
        ({"matches": [{"method": "POST"}]}, "has method in its matches"),
        (query("beta"), "has queryParams in its matches"),
        (
            {"matches": [header("RegularExpression", "cookie", ".*abc.*")]},
            "asks for the header cookie by another pattern",
        ),
        ({"matches": [header("Exact", "cookie", "a=b")]}, "asks for the header cookie in another way"),
        ({"matches": [header("Exact", "a", "b"), header("Exact", "c", "d")]}, "has another form"),
        ({"matches": [{"headers": [*header("Exact", "a", "b")["headers"]] * 2}]}, "asks for several headers: a, a"),
        ({"filters": []}, "lets the header baggage in from outside"),
        ({"filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": "x"}}]}, "has type, urlRewrite in its filters"),
        (modifier(set=[{"name": "x", "value": "y"}], remove=["baggage"]), "changes the headers x"),
        (modifier(add=[{"name": "x", "value": "y"}], remove=["baggage"]), "has add in its filters"),
        (modifier(set=[{"name": "baggage", "value": "feature=a,feature=b"}]), "sets baggage in another way"),
        (modifier(**EDGE, remove=["baggage"]), "sets baggage in another way"),
        (answers(set=[{"name": "X-Frame-Options", "value": "DENY"}]), "changes the headers x-frame-options of answers"),
        (answers(add=[{"name": "Cache-Control", "value": "private"}]), "changes the headers cache-control of answers"),
        (answers(remove=["Set-Cookie"]), "changes the headers set-cookie of answers"),
        (
            answers(set=[{"name": "cache-control", "value": "max-age=60"}]),
            "sets Cache-Control of answers to max-age=60, not to no-store",
        ),
        (
            answers(set=[{"name": "Cache-Control", "value": "no-store"}]),
            "removes no headers from answers, and not exactly CDN-Cache-Control, Surrogate-Control, X-Accel-Expires",
        ),
        (answers(remove=["CDN-Cache-Control"]), "removes cdn-cache-control from answers, and not exactly none"),
        ({"backendRefs": []}, "has another form"),
        ({"backendRefs": [BACKEND, {**BACKEND, "name": "other"}]}, "has another form"),
        ({"backendRefs": [{**BACKEND, "weight": 0}]}, "sends nothing to its backend, whose weight is 0"),
        ({"backendRefs": [{**BACKEND, "namespace": "other"}]}, "sends to a Service of the namespace other"),
        ({"backendRefs": [{**BACKEND, "filters": [{}]}]}, "has filters in its backendRef"),
        ({"backendRefs": [{**BACKEND, "kind": "InferencePool"}]}, "has kind in its backendRef"),
        ({"timeouts": {"backendRequest": "1s"}}, "has backendRequest in its timeouts"),
        ({"timeouts": {"request": "500ms"}}, "has request in its timeouts"),
        ({"sessionPersistence": {"type": "Cookie"}}, "has sessionPersistence in its rule"),
    ],
)
def test_a_route_that_says_more_is_named_with_its_owner_and_left_out(changes: dict[str, Any], message: str) -> None:
    result = in_force([changed_route(**changes)], [])
    assert result.table == Table()
    [line] = result.unread
    assert line.startswith("HTTPRoute edge of dev: ")
    assert message in line
    assert result.others[0].may_decide(HOST)
    assert not result.others[0].may_decide("ads")


def test_what_the_api_server_adds_is_read_like_nothing() -> None:
    bare = in_force([changed_route()], [])
    full = changed_route(
        matches=[{"path": {"type": "PathPrefix", "value": "/"}}],
        backendRefs=[{**BACKEND, "weight": 1}],
        name="a-rule",
    )
    assert in_force([full], []) == bare
    assert bare.table.edge


def test_what_a_route_of_somebody_else_says_of_caches_is_read_like_ours() -> None:
    [ours] = in_force([changed_route()], []).table.edge
    [theirs] = in_force(
        [changed_route(**answers(add=[{"name": "vary", "value": "Accept-Language ,Cookie"}]))], []
    ).table.edge
    assert theirs == replace(ours, vary=("Accept-Language", "Cookie"))
    [older] = in_force([changed_route(**modifier(remove=["baggage"]))], []).table.edge
    assert older == replace(ours, vary=())
    assert describe_backend(older) == "front:80 with no feature"
    assert describe_backend(ours) == "front:80 with no feature, Vary: Cookie, boutique-feature"


def spec_of(route: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**route, "spec": {**route["spec"], **changes}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hostnames": ["*.shop.example"]}, "is for all hosts like *.shop.example"),
        ({"hostnames": []}, "has another form"),
        ({"parentRefs": [{"name": "other", "namespace": "istio-ingress"}]}, "the Gateway istio-ingress/other"),
        ({"parentRefs": [{"name": "shop"}]}, "the Gateway local/shop"),
        (
            {"parentRefs": [{"name": "shop", "namespace": "istio-ingress", "sectionName": "http"}]},
            "attaches to the listener http",
        ),
        ({"parentRefs": [{"kind": "ServiceEntry", "name": "shop"}]}, "has kind in its parentRef"),
        (
            {"parentRefs": [{"kind": "Service", "name": "ads", "port": 1}]},
            "has filters, timeouts for calls of a Service",
        ),
    ],
)
def test_a_route_that_is_for_more_or_for_something_else_is_left_out(changes: dict[str, Any], message: str) -> None:
    route = spec_of(changed_route(), **changes)
    route["metadata"]["namespace"] = "local"
    result = in_force([route], [], GATEWAY)
    assert result.table == Table()
    assert message in result.unread[0]


RULE = {
    "match": [{"headers": {"x": {"exact": "y"}}}],
    "route": [{"destination": {"host": "ads", "port": {"number": 1}}}],
}
REST = {"route": RULE["route"]}
OUTSIDE = {"headers": {"request": {"remove": ["baggage"]}}}


def virtual_service(*rules: Any, host: str = "ads", name: str = "x", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", "namespace": "local"}
    return {"metadata": metadata, "spec": {"hosts": [host], "http": list(rules), **spec}}


def rule_with_headers(**headers: Any) -> dict[str, Any]:
    return {**RULE, **OUTSIDE, "match": [{"headers": headers}]}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (rule_with_headers(x={"prefix": "y"}), "asks for the header x in another way"),
        (rule_with_headers(x={}), "asks for the header x in another way"),
        (rule_with_headers(x=None), "asks for the header x in another way"),
        (rule_with_headers(x={"exact": "y"}, z={"exact": "y"}), "asks for several headers: x, z"),
        ({**RULE, **OUTSIDE, "match": [{"withoutHeaders": {"x": {}}}]}, "has withoutHeaders in its match"),
        ({**RULE, **OUTSIDE, "match": [{"sourceLabels": {"a": "b"}}]}, "has sourceLabels in its match"),
        ({**RULE, **OUTSIDE, "match": [{}, {}]}, "has another form"),
        ({**REST, **OUTSIDE, "redirect": {"uri": "/x"}}, "has redirect in its rule"),
        ({**REST, **OUTSIDE, "mirror": {"host": "x"}}, "has mirror in its rule"),
        ({**REST, **OUTSIDE, "retries": {"attempts": 9}}, "has retries in its rule"),
        ({**REST}, "lets the header baggage in"),
        (
            {**REST, "headers": {**OUTSIDE["headers"], "response": {"set": {"Server": "x"}}}},
            "changes the headers server",
        ),
        (
            {**REST, "headers": {**OUTSIDE["headers"], "response": {"set": {"cache-control": "public"}}}},
            "sets Cache-Control of answers to public, not to no-store",
        ),
        ({**OUTSIDE, "route": [{**RULE["route"][0], "weight": 0}]}, "sends nothing to its destination"),
        ({**OUTSIDE, "route": [*RULE["route"], *RULE["route"]]}, "has another form"),
        ({**OUTSIDE, "route": [{"destination": {"host": "ads", "subset": "v2", "port": {"number": 1}}}]}, "has subset"),
        (
            {**OUTSIDE, "route": [{"destination": {"host": "ads.other.svc.cluster.local", "port": {"number": 1}}}]},
            "sends to ads.other.svc.cluster.local, which is elsewhere",
        ),
    ],
)
def test_a_virtual_service_that_says_more_is_left_out(rule: dict[str, Any], message: str) -> None:
    result = in_force([], [virtual_service(rule, host=HOST, gateways=["istio-ingress/shop"])], GATEWAY)
    assert result.table == Table()
    assert result.unread[0].startswith("VirtualService x of no stack: ")
    assert message in result.unread[0]
    assert result.others[0].may_decide(HOST)


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (virtual_service(REST, gateways=["mesh", "istio-ingress/shop"]), "has another form"),
        (virtual_service(REST, gateways=["other/shop"]), "attaches to the Gateway other/shop"),
        (virtual_service(REST, exportTo=["."]), "has exportTo in its spec"),
        (virtual_service(REST, tcp=[{}]), "has tcp in its spec"),
        (virtual_service(REST, host="*.local"), "is for all hosts like *.local"),
        (virtual_service({**REST, "timeout": "3s"}), "has timeout in its rule"),
        (virtual_service({**REST, **OUTSIDE}), "has headers in its rule"),
        (virtual_service(REST, RULE), "has rules behind one that matches everything"),
    ],
)
def test_a_virtual_service_for_calls_that_says_more_is_left_out(service: dict[str, Any], message: str) -> None:
    result = in_force([], [service], GATEWAY)
    assert result.table == Table()
    assert message in result.unread[0]


@pytest.mark.parametrize("host", ["ads", "ads.local", "ads.local.svc", "ads.local.svc.cluster.local"])
@pytest.mark.parametrize("gateways", [{}, {"gateways": ["mesh"]}, {"gateways": []}])
def test_a_service_is_known_by_all_its_names(host: str, gateways: dict[str, Any]) -> None:
    [route] = in_force([], [virtual_service(REST, host=host, **gateways)]).table.mesh
    assert (str(route.service), str(route.backend), route.feature) == ("ads:1", "ads:1", None)


def test_full_names_end_in_the_domain_of_the_cluster() -> None:
    def services(host: str) -> list[str]:
        result = in_force([], [virtual_service(REST, host=host)], cluster_domain="prod.internal")
        return [route.service.service for route in result.table.mesh]

    assert services("ads.local.svc.prod.internal") == ["ads"]
    assert services("ads.local.svc.cluster.local") != ["ads"]


def test_of_two_that_istio_does_not_join_one_is_left_out() -> None:
    twice = in_force([], [virtual_service(REST), virtual_service(REST, name="y")])
    assert [route.name for route in twice.table.mesh] == ["x"]
    assert twice.unread == (
        "VirtualService y of no stack: is for ads like VirtualService x, and Istio follows one of them",
    )
    of = table(ENVIRONMENT, [])
    both = in_force(objects(http_routes.mesh(of), {}), [virtual_service(REST)])
    assert both.unread == (
        "VirtualService x of no stack: is for ads like HTTPRoute ads, and Istio follows one of them",
    )


def question_of(*others: Unread) -> RouteTable:
    of = table(ENVIRONMENT, [])
    entrance = GatewayEndpoint(
        routing="gateway-api",
        host=HOST,
        port=443,
        namespace="istio-ingress",
        gateway="shop",
        listener="https",
        preview_listener="previews",
    )
    return RouteTable(environment="dev", entrance=entrance, table=of, others=others)


def test_nothing_is_answered_that_an_unread_object_may_decide() -> None:
    answer = answer_question(question_of(), HOST, [])
    assert answer.served
    assert len(answer.calls) == len(SERVICES)
    for requests in ("*", "*.shop.example", HOST):
        with pytest.raises(OperationError, match=r"dev.shop.example: its route is unknown: HTTPRoute x of no stack"):
            answer_question(
                question_of(Unread(line="HTTPRoute x of no stack: y", requests=frozenset([requests]))), HOST, []
            )
    answer = answer_question(
        question_of(Unread(line="HTTPRoute x of no stack: y", requests=frozenset(["ads"]))), HOST, []
    )
    assert answer.undecided == ("ads",)
    assert "ads" not in [service.service for service, _ in answer.calls]
