"""Environments, features and requests as Hypothesis draws them."""

from hypothesis import strategies as st

from boutique.routing.model import Backend, EnvironmentRouting, FeatureRouting, Gateway, Table
from boutique.routing.resolution import EdgeRequest, Headers, MeshCall
from boutique.routing.route_table import table

COOKIE = "shop_session-id"
HOST = "dev.shop.example"
GATEWAY = Gateway(namespace="istio-ingress", name="shop", listener="https", preview_listener="previews")
ENTRY = Backend(service="front", port=80)
SERVICES = (ENTRY, Backend(service="cart", port=7070), Backend(service="ads", port=9555))
ENVIRONMENT = EnvironmentRouting(
    stack="dev",
    host=HOST,
    entry=ENTRY,
    services=SERVICES,
    taken=frozenset({"front", "front-external", "cart", "ads", "store"}),
    cookie=COOKIE,
    features=True,
)
SESSIONS = ("abc", "abcd", "ABC", "a.c", "a+", "(.*)", "a|b", "[a-z]*", "%61bc", "a=b", "$", "x" * 128)
KEYS = ("a", "ab", "a-b", "new-ads")

_octets = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '",;\\')
session_ids = st.one_of(st.sampled_from(SESSIONS), st.text(_octets, min_size=1, max_size=128))
_changed = st.lists(st.sampled_from([service.service for service in SERVICES]), min_size=1, unique=True)


@st.composite
def features(draw: st.DrawFn) -> tuple[FeatureRouting, ...]:
    """Draw features that share no key and no session."""
    sessions = draw(st.permutations(SESSIONS))
    share = len(SESSIONS) // len(KEYS)
    made = [
        FeatureRouting(
            stack=f"dev-{key}",
            key=key,
            services=tuple(draw(_changed)),
            sessions=tuple(sessions[number * share :][: draw(st.sampled_from([share, 1, 0]))]),
            header=draw(st.booleans()),
        )
        for number, key in enumerate(draw(st.permutations(KEYS)))
    ]
    return tuple(made[: draw(st.sampled_from([len(KEYS), 2, 1, 0]))])


tables: st.SearchStrategy[Table] = features().map(lambda made: table(ENVIRONMENT, made))

_blanks = st.sampled_from(["", "", " ", "\t", "  "])
# A byte that is no UTF-8 comes as a surrogate.
_fragments = ["a", "b", "c", "é", "\udcff", ";", ",", "=", " ", "\t", '"', "\\", "%", COOKIE, "feature", "feature=a"]
_anything = st.lists(st.sampled_from(_fragments), max_size=6).map("".join)


def _header_lists(item: st.SearchStrategy[str], separators: list[str]) -> st.SearchStrategy[str]:
    parts = st.lists(st.tuples(st.one_of(item, item, _anything), st.sampled_from(separators)), max_size=4)
    return st.builds(lambda pieces, last: "".join(map("".join, pieces)) + last, parts, item)


_cookie_names = [COOKIE] * 4 + [f"x{COOKIE}", COOKIE[1:], COOKIE.upper(), "shop_currency", ""]
_cookie_values = st.one_of(
    st.sampled_from(SESSIONS), st.sampled_from(["EUR", "abc abc", "", "%2561bc", "ab", "a%2Ec", "aab"]), _anything
)
_cookie_pairs = st.tuples(
    _blanks,
    st.sampled_from(_cookie_names),
    st.sampled_from(["=", "=", "=", " =", "= "]),
    st.one_of(_cookie_values, _cookie_values.map('"{}"'.format), _cookie_values.map('"{}'.format)),
    _blanks,
).map("".join)

_keys = st.sampled_from(["feature"] * 8 + ["xfeature", "Feature", "feature2", "a", ""])
_values = st.one_of(st.sampled_from([*KEYS * 3, "%61", "A", "a-", "", "new-ads2", "aa"]), _anything)
_properties = st.sampled_from(["", "", ";p=1", " ; feature=a", ";feature=ab;", ";"])
_members = st.tuples(_blanks, _keys, _blanks, st.just("="), _blanks, _values, _blanks, _properties).map("".join)

cookie_headers = _header_lists(_cookie_pairs, ["; ", "; ", ";", ";;", ",", ", "])
baggage_headers = _header_lists(_members, [",", ",", ", ", " ,", ",,", ";"])


def _header_fields(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.sampled_from([name, name.title(), name.upper()]), values)


_cookies = _header_fields("cookie", cookie_headers)
_baggage = _header_fields("baggage", baggage_headers)
_others = st.one_of(
    _header_fields("boutique-feature", st.sampled_from([*KEYS, "A", "a,b", " a ", ""])),
    _header_fields("x-cookie", cookie_headers),
)


def _some(*kinds: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[Headers]:
    return st.lists(st.one_of(*kinds), min_size=1, max_size=4).map(tuple)


_previews = [f"{key}.{HOST}" for key in KEYS]
_hosts = [HOST] * 8 + [HOST.upper(), f"{HOST}:8443", f"x.{HOST}", "shop.example", *_previews]
requests: st.SearchStrategy[EdgeRequest] = st.builds(
    EdgeRequest, host=st.sampled_from(_hosts), headers=_some(_cookies, _cookies, _baggage, _others)
)
calls: st.SearchStrategy[MeshCall] = st.builds(
    MeshCall,
    service=st.sampled_from([*SERVICES, Backend(service="other", port=1)]),
    headers=_some(_baggage, _cookies),
)
