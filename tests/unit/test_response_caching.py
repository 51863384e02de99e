"""A cache in front of the gateway gives no client an answer that is meant for another: RFC 9111, section 4.1."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given

from boutique.routing.model import EdgeRoute, FeatureRouting, Table
from boutique.routing.resolution import EdgeRequest, Headers, backend
from boutique.routing.route_table import table
from tests.support.routing_strategies import COOKIE, ENVIRONMENT, HOST, requests, tables

FEATURE = FeatureRouting(stack="dev-new-ads", key="new-ads", services=("front",), sessions=("abc",), header=True)
TESTER = (("Cookie", f"{COOKIE}=abc"),)
CI = (("boutique-feature", "new-ads"),)


def route_of(of: Table, request: EdgeRequest) -> EdgeRoute | None:
    """Return the route that answers a request."""
    served = backend(of, request)
    route = served.route if served else None
    assert route is None or isinstance(route, EdgeRoute)
    return route


def values(headers: Headers, name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name.lower()]


def may_reuse(of: Table, stored: EdgeRequest, request: EdgeRequest) -> bool:
    """Say whether a cache may answer a request with what it stored for another one of the same URL."""
    route = route_of(of, stored)
    return (
        route is not None
        and not route.no_store
        and all(values(stored.headers, name) == values(request.headers, name) for name in route.vary)
    )


@given(tables, requests, requests)
def test_what_a_cache_reuses_is_what_the_gateway_would_answer(
    of: Table, stored: EdgeRequest, request: EdgeRequest
) -> None:
    request = replace(request, host=stored.host)
    assert not may_reuse(of, stored, request) or route_of(of, stored) == route_of(of, request)


def test_testers_and_the_baseline_share_no_answer() -> None:
    of = table(ENVIRONMENT, [FEATURE])
    shoppers: Iterable[Headers] = ((), TESTER, CI, (("Cookie", "a=b"), *CI), (("Cookie", f"a=b; {COOKIE}=abc"),))
    kinds = [EdgeRequest(host=HOST, headers=headers) for headers in shoppers]
    for stored in kinds:
        for kind in kinds:
            assert not may_reuse(of, stored, kind) or route_of(of, stored) == route_of(of, kind)
    assert may_reuse(of, kinds[0], kinds[0]), "the baseline's answer for the next one who comes without a cookie"


def test_no_answer_of_a_feature_is_kept() -> None:
    of = table(ENVIRONMENT, [FEATURE])
    for host, headers in ((HOST, TESTER), (HOST, CI), (f"new-ads.{HOST}", ())):
        request = EdgeRequest(host=host, headers=headers)
        assert not may_reuse(of, request, request)


def test_where_features_are_not_allowed_one_answer_is_for_all() -> None:
    of = table(replace(ENVIRONMENT, features=False), [])
    assert may_reuse(of, EdgeRequest(host=HOST, headers=TESTER), EdgeRequest(host=HOST))
