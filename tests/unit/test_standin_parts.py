"""The parts of a stand-in: propagation, names, the behaviour document."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab.standins.answers import CallError
from lab.standins.behaviour import Behaviour, Cookie, Method, ServedPort, Site, StandinRoute, read, render
from lab.standins.directory import Directory
from lab.standins.headers import read_headers
from lab.standins.routes import RouteError, Router
from lab.standins.standin_call import StandinCall

TRACE = [("traceparent", "00-1-2-01"), ("tracestate", "a=b")]


@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [
        ("feature=x", "feature=x"),
        ("a=b, feature=x ,c=d", "a=b,feature=x,c=d"),
        ("feature=x;p=1", "feature=x;p=1"),
        ("feature=ok,bad value,=x", "feature=ok"),
        ("bad value", None),
        ("", None),
    ],
)
def test_baggage_is_passed_on_as_w3c_has_it(sent: str, passed_on: str | None) -> None:
    headers = dict(read_headers([("Baggage", sent)], merged=True).headers_to_pass_on(baggage=True, trace=True))
    assert headers.get("baggage") == passed_on


def test_two_headers_are_merged_in_http_and_not_in_grpc() -> None:
    headers = [("baggage", "a=1"), ("baggage", "b=2")]
    assert read_headers(headers, merged=True).headers_to_pass_on(baggage=True, trace=True) == (("baggage", "a=1,b=2"),)
    assert read_headers(headers, merged=False).headers_to_pass_on(baggage=True, trace=True) == (("baggage", "a=1"),)


def test_each_kind_of_header_can_be_dropped_and_nothing_else_is_passed_on() -> None:
    request = read_headers([("baggage", "a=1"), *TRACE, ("cookie", "c"), ("x-feature", "d")], merged=True)
    assert request.headers_to_pass_on(baggage=False, trace=True) == tuple(TRACE)
    assert request.headers_to_pass_on(baggage=True, trace=False) == (("baggage", "a=1"),)


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        (None, None),
        ("By=spiffe://x;Hash=1", None),
        ("Hash=1;URI=spiffe://a", "spiffe://a"),
        ('Hash=1;Subject="O=x,CN=y";URI=spiffe://a,By=spiffe://me;Hash=2;URI="spiffe://b"', "spiffe://b"),
    ],
)
def test_the_caller_is_the_nearest_one(header: str | None, caller: str | None) -> None:
    headers = [("x-forwarded-client-cert", header)] if header else []
    assert read_headers(headers, merged=True).caller == caller


def put(path: Path, services: dict[str, str]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(services))
    fresh.replace(path)


def test_names_lead_where_the_file_says_now(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    directory = Directory(path)
    with pytest.raises(CallError, match="no Service is called adservice"):
        directory.find("adservice:9555")
    for address in ("10.96.0.1", "10.96.0.2"):
        put(path, {"adservice": address})
        found = directory.find("adservice:9555")
        assert (found.address, found.port, found.authority) == (address, 9555, "adservice:9555")
    path.write_text("{")
    assert directory.find("adservice:9555").address == "10.96.0.2"


def test_an_address_leads_to_itself_and_nonsense_nowhere(tmp_path: Path) -> None:
    directory = Directory(tmp_path / "none")
    assert directory.find("127.0.0.1:80").address == "127.0.0.1"
    for nonsense in ("", "adservice", "adservice:grpc", ":80"):
        with pytest.raises(CallError, match="is not name:port"):
            directory.find(nonsense)


def test_of_two_routes_the_one_that_serves_the_verb_counts() -> None:
    router = Router(
        (StandinRoute(path="/a/{b}"), StandinRoute(path="/a/{b}", verbs=("POST",)), StandinRoute(path="/s/{rest...}"))
    )
    assert router.find("GET", "/a/x%20y") == (StandinRoute(path="/a/{b}"), {"b": "x y"})
    assert router.find("POST", "/a/x")[0].verbs == ("POST",)
    assert router.find("GET", "/s/x/y")[1] == {"rest": "x/y"}
    for verb, path, status in (("PUT", "/a/x", 405), ("GET", "/a/x/y", 404), ("GET", "/a/", 404)):
        with pytest.raises(RouteError) as caught:
            router.find(verb, path)
        assert caught.value.status == status


BEHAVIOUR = Behaviour(
    ports=(ServedPort(number=80, protocol="http"),),
    methods=(
        Method(
            path="/a.B/C", calls=(StandinCall(variable="D", method="/e.F/G", timeout_seconds=1),), gives={"h": ("i",)}
        ),
    ),
    site=Site(
        routes=(StandinRoute(path="/", form={"j": "k"}),), cookies=(Cookie(name="l", value="m", max_age_seconds=1),)
    ),
)


def test_a_document_is_read_as_it_was_written() -> None:
    document = render({"x/a": BEHAVIOUR, "y/a": replace(BEHAVIOUR, ports=())})
    assert read(document, "x/a") == BEHAVIOUR
    assert read(document, "y/a") == replace(BEHAVIOUR, ports=())


def test_a_document_need_not_know_a_workload() -> None:
    assert read(render({"x/a": BEHAVIOUR}), "x/b") is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"a": []}, r"^a is \[\], which is not a mapping"),
        ({"a": {"echoCalls": [{"port": "80"}]}}, r"a.echoCalls\[0\].port is '80', which is not a whole number"),
        (
            {"a": {"ports": [{"number": 1, "protocol": "x"}]}},
            r"a.ports\[0\].protocol is 'x', which is not one of http,",
        ),
        ({"a": {"prots": 80}}, "a has unknown fields: prots; there are: ports, methods, site"),
        ({"a": {"echo_calls": []}}, "a has unknown fields: echo_calls"),
        ({"a": {"methods": [{}]}}, r"a.methods\[0\] lacks path"),
        ({"a": {"methods": [{"path": "/x", "gives": {"y": "z"}}]}}, r"a.methods\[0\].gives.y is 'z'"),
    ],
)
def test_a_wrong_document_is_a_complaint_that_names_the_place(content: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read(json.dumps(content), "a")
