"""The regular expressions for cookies and baggage: what they match, as Envoy reads them and as the oracle does."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from boutique.names import feature_names
from boutique.routing import header_patterns
from boutique.routing.model import Backend, Condition, EdgeRoute, MeshRoute, Table
from boutique.routing.resolution import EdgeRequest, Headers, MeshCall, backend
from tests.support.routing_strategies import COOKIE, ENTRY, KEYS, baggage_headers, cookie_headers, session_ids
from tests.support.unit.envoy_headers import fully_matches, header_values

SESSION = "3f1c0f6e-8a52-4e34-9d0b-abc"
ID = f"{COOKIE}={SESSION}"

CARRIED = [
    (f"{ID}",),
    (f"shop_currency=EUR; {ID}",),
    (f"{ID}; shop_currency=EUR",),
    (f"a=1; {ID}; b=2",),
    (f"a=1;{ID};b=2",),
    (f"a=1;\t{ID} ; b=2",),
    (f" {ID} ",),
    (f'{COOKIE}="{SESSION}"',),
    (f'a="1"; {COOKIE}="{SESSION}"; b=2',),
    (f"{COOKIE}=other; {ID}",),
    (f"{ID}; {COOKIE}=other",),
    (f"a=1;; {ID};",),
    (f"a; {ID}",),
    (f'a="; {ID}; b="',),
    (f"a=\udcff; {ID}",),
    ("a=1", ID),
    (ID, "a=1"),
    ("", ID, ""),
    (f"{'a' * 4096}=1; {ID}",),
    (f"{ID}; {'; '.join(f'a{number}=1' for number in range(600))}",),
    (f"a=é; {ID}",),
]
NOT_CARRIED: list[tuple[str, ...]] = [
    (),
    ("",),
    ("shop_currency=EUR",),
    (f"x{ID}",),
    (f"shop_currency=EUR; x{ID}",),
    (f"a={ID}",),
    (f"a=1 {ID}",),
    (f"{ID}d",),
    (ID[:-1],),
    (f"{ID} d",),
    (f"{COOKIE}=x{SESSION}",),
    (ID.upper(),),
    (f"{COOKIE.upper()}={SESSION}",),
    (f"{COOKIE}={SESSION.upper()}",),
    (f'{COOKIE}="{SESSION}',),
    (f'{COOKIE}={SESSION}"',),
    (f'{COOKIE}=""{SESSION}""',),
    (f"{COOKIE}='{SESSION}'",),
    (f"{COOKIE} ={SESSION}",),
    (f"{COOKIE}= {SESSION}",),
    (f"{COOKIE}{SESSION}",),
    (f"{COOKIE}=={SESSION}",),
    (f"{COOKIE}={SESSION.replace('3', '%33', 1)}",),
    (f"{COOKIE}%3D{SESSION}",),
    (COOKIE, SESSION),
]


def sent_by(session: str, cookies: tuple[str, ...]) -> bool:
    route = EdgeRoute(
        name="r", owner="s", host="h", cookie=Condition(name=COOKIE, value=session), feature="f", backend=ENTRY
    )
    return backend(Table(edge=(route,)), EdgeRequest(host="h", headers=_headers("cookie", cookies))) is not None


def route_matches(key: str, baggage: tuple[str, ...]) -> bool:
    feature = Backend(service="feature", port=1)
    route = MeshRoute(name="r", owner="s", service=ENTRY, feature=key, backend=feature)
    return backend(Table(mesh=(route,)), MeshCall(service=ENTRY, headers=_headers("baggage", baggage))) is not None


def matches(pattern: str, name: str, values: tuple[str, ...]) -> bool:
    return any(fully_matches(pattern, value) for value in header_values(_headers(name, values), name))


def _headers(name: str, values: tuple[str, ...]) -> Headers:
    return tuple((name, value) for value in values)


@pytest.mark.parametrize("cookies", CARRIED)
def test_a_request_with_the_cookie(cookies: tuple[str, ...]) -> None:
    assert matches(header_patterns.cookie(COOKIE, SESSION), "cookie", cookies)
    assert sent_by(SESSION, cookies)


@pytest.mark.parametrize("cookies", NOT_CARRIED)
def test_a_request_without_the_cookie(cookies: tuple[str, ...]) -> None:
    assert not matches(header_patterns.cookie(COOKIE, SESSION), "cookie", cookies)
    assert not sent_by(SESSION, cookies)


@pytest.mark.parametrize("joined", [f"a=1; {ID}; b=2", f"a=1,{ID},b=2", f"a=1, {ID}"])
def test_cookies_that_a_proxy_has_joined(joined: str) -> None:
    # RFC 9113, section 8.2.3, for HTTP/2; Envoy's joining of HTTP/1.1 headers is with ','.
    assert matches(header_patterns.cookie(COOKIE, SESSION), "cookie", (joined,))
    assert sent_by(SESSION, (joined,))


@pytest.mark.parametrize("session", [".*", "a.c", "(abc)", "[abc]+", "a|b", "^abc$", "a?", "a{2}"])
def test_the_signs_of_regular_expressions_mean_themselves(session: str) -> None:
    pattern = header_patterns.cookie(COOKIE, session)
    assert matches(pattern, "cookie", (f"{COOKIE}={session}",))
    for other in ("abc", "a", "b", "aa", "", "ab", "axc"):
        assert not matches(pattern, "cookie", (f"{COOKIE}={other}",))


@pytest.mark.parametrize(
    ("baggage", "carried"),
    [
        (("feature=new-ads",), True),
        (("a=1,feature=new-ads",), True),
        (("feature=new-ads,a=1",), True),
        (("a=1 ,\tfeature = new-ads , b=2",), True),
        (("feature=new-ads;p=1;q",), True),
        (("feature=new-ads ; p=1,b=2",), True),
        (("a=1;p=1,feature=new-ads",), True),
        (("a=1", "feature=new-ads"), True),
        (("feature=new-ads", "a=1"), True),
        ((",,feature=new-ads,",), True),
        (("feature=other,feature=new-ads",), True),
        ((), False),
        (("",), False),
        (("feature=new-ads2",), False),
        (("feature=new-ad",), False),
        (("feature=anew-ads",), False),
        (("xfeature=new-ads",), False),
        (("features=new-ads",), False),
        (("Feature=new-ads",), False),
        (("feature=New-Ads",), False),
        (("a=1;feature=new-ads",), False),
        (("a=1 feature=new-ads",), False),
        (("feature=new%2Dads",), False),
        (("feature=new-ads b",), False),
        (('feature="new-ads"',), False),
        (("feature==new-ads",), False),
        (("feature;new-ads",), False),
        (("feature=;new-ads",), False),
        (("feature", "new-ads"), False),
        (("a=\udcff,feature=new-ads",), True),
    ],
)
def test_a_call_with_and_without_the_key(baggage: tuple[str, ...], carried: bool) -> None:
    assert matches(header_patterns.baggage("feature", "new-ads"), "baggage", baggage) is carried
    assert route_matches("new-ads", baggage) is carried


@given(session_ids, st.lists(cookie_headers, max_size=3).map(tuple))
def test_proxy_and_oracle_find_the_same_cookies(session: str, cookies: tuple[str, ...]) -> None:
    assert matches(header_patterns.cookie(COOKIE, session), "cookie", cookies) is sent_by(session, cookies)


@given(st.sampled_from(KEYS), st.lists(baggage_headers, max_size=3).map(tuple))
def test_proxy_and_oracle_find_the_same_members(key: str, baggage: tuple[str, ...]) -> None:
    assert matches(header_patterns.baggage("feature", key), "baggage", baggage) is route_matches(key, baggage)


@given(session_ids, cookie_headers, cookie_headers)
def test_a_cookie_is_found_wherever_it_is(session: str, before: str, after: str) -> None:
    value = f"{before}; {COOKIE}={session}; {after}"
    assert matches(header_patterns.cookie(COOKIE, session), "cookie", (value,))


@given(session_ids)
def test_istio_takes_every_pattern(session: str) -> None:
    # validateStringRegexp of pkg/config/validation/validation.go: Go's RE2, at most 1024 characters.
    pattern = header_patterns.cookie(COOKIE, feature_names.check_session(session))
    assert len(pattern) <= 1024
    assert re2.compile(pattern)


def test_the_longest_session_id_fits() -> None:
    assert len(header_patterns.cookie(COOKIE, "." * feature_names.MAX_SESSION)) <= 1024
