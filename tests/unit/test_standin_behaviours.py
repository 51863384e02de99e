"""The behaviour of stand-ins as it is derived from an application."""

import re

import pytest

from boutique.application.application import Application
from boutique.application.application_file import parse_application
from lab.standins.answers import CallError
from lab.standins.behaviour import Behaviour, ServedPort
from lab.standins.call_address import call_address
from lab.standins.standin_call import StandinCall
from ops.applications.standin_behaviours import standin_behaviours
from support.port_protocols import is_tls, port_protocol
from tests.support.unit.standin_application import everything

CYCLE = b"""
name: circle
entry: {workload: a, sessionCookie: sid}
workloads:
  a: {image: "r/a:1", ports: [{name: http, port: 80}], callsByName: [b]}
  b: {image: "r/b:1", ports: [{name: http, port: 80}], callsByName: [a]}
"""
APPLICATION = everything()
BEHAVIOURS = standin_behaviours(APPLICATION)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"name": "http"}, "http"),
        ({"name": "http2-web"}, "http"),
        ({"name": "https"}, "http"),
        ({"name": "HTTP-web"}, "http"),
        ({"name": "grpc"}, "grpc"),
        ({"name": "grpc-web"}, "http"),
        ({"name": "grpc-web-x"}, "http"),
        ({"name": "tcp"}, "tcp"),
        ({"name": "mysql"}, "tcp"),
        ({"name": "tcp-redis"}, "redis"),
        ({"name": "redis"}, "redis"),
        ({"name": "tcp", "number": 6379}, "redis"),
        ({"name": "http", "number": 6379}, "http"),
        ({"name": "x", "app_protocol": "kubernetes.io/h2c"}, "http"),
        ({"name": "http", "app_protocol": "grpc"}, "grpc"),
        ({"name": "web"}, "http"),
        ({"name": "web", "probes": ("grpc",)}, "grpc"),
        ({"name": "web", "probes": ("http",)}, "http"),
        ({"name": "dns", "transport": "UDP"}, "udp"),
        ({}, "http"),
    ],
)
def test_the_protocol_of_a_port_is_the_one_that_istio_reads(declared: dict[str, str], expected: str) -> None:
    assert port_protocol(**declared) == expected


def test_tls_is_the_containers_own_where_the_port_says_so() -> None:
    assert [is_tls("https", None), is_tls("x", "kubernetes.io/wss"), is_tls("http", None)] == [True, True, False]


@pytest.mark.parametrize(
    ("workload", "ports"),
    [
        ("web", [(8080, "http"), (9090, "grpc"), (9102, "http")]),
        ("api", [(8000, "http"), (9000, "grpc"), (5353, "udp")]),
        ("worker", [(8090, "http")]),
        ("queue", [(4222, "tcp")]),
        ("cache", [(6379, "redis")]),
        ("database", [(5432, "tcp")]),
    ],
)
def test_it_serves_every_port_and_what_only_probes_ask(workload: str, ports: list[tuple[int, str]]) -> None:
    assert [(port.number, port.protocol) for port in BEHAVIOURS[workload].ports] == ports
    assert not any(port.tls for port in BEHAVIOURS[workload].ports)


def test_a_port_with_tls_is_served_with_tls() -> None:
    assert BEHAVIOURS["billing"].ports == (ServedPort(number=8443, protocol="http", tls=True),)


def test_a_probe_by_https_tells_that_a_port_has_tls() -> None:
    text = CYCLE.replace(b"callsByName: [a]", b"readinessProbe: {httpGet: {port: 80, scheme: HTTPS}}")
    behaviours = standin_behaviours(parse_application(text, "circle.yaml"))
    assert [port.tls for name in ("a", "b") for port in behaviours[name].ports] == [False, True]
    site = behaviours["a"].site
    assert site
    assert [call.tls for route in site.routes for call in route.calls] == [True]


def subjects(behaviour: Behaviour) -> list[tuple[str | None, str | None, int | None, str]]:
    [method] = behaviour.methods
    return [(call.variable, call.callee, call.port, call.subject) for call in method.calls]


def test_it_calls_every_port_of_a_callee_once_in_order() -> None:
    assert subjects(BEHAVIOURS["web"]) == [
        ("API_URL", "api", 8000, "/v1/items"),
        ("API_GRPC", "api", 9000, "/api/Call"),
        ("QUEUE_HOST", "queue", 4222, "TCP"),
        ("PEERS", "cache", 6379, "PING"),
        (None, "billing", 443, "/"),
        (None, "reports", 80, "/"),
    ]


def test_what_a_request_brought_goes_on_unless_it_is_lost() -> None:
    [method] = BEHAVIOURS["web"].methods
    assert {call.callee for call in method.calls if not call.baggage} == {"billing"}
    assert {call.callee for call in method.calls if not call.trace} == {"billing"}


def test_a_workload_that_may_be_left_out_may_fail() -> None:
    [method] = BEHAVIOURS["web"].methods
    assert {call.callee for call in method.calls if call.optional} == {"reports"}


def test_a_workload_that_nobody_calls_works_by_itself() -> None:
    assert {name for name, behaviour in BEHAVIOURS.items() if behaviour.worker} == {"worker"}
    worker = BEHAVIOURS["worker"].worker
    assert worker
    assert [call.callee for call in worker.calls] == ["queue", "api"]


def test_only_the_entry_has_sessions_and_smoke_pages() -> None:
    def statuses(name: str) -> list[tuple[str, int]]:
        site = BEHAVIOURS[name].site
        assert site
        return [(route.path, route.status) for route in site.routes if not route.health]

    assert statuses("web") == [("/orders", 201), ("/old", 301), ("/nothing", 404), ("/{...}", 200)]
    assert statuses("reports") == [("/{...}", 200)]
    assert BEHAVIOURS["web"].site.banner_variable == "WEB_BANNER"  # type: ignore[union-attr]


def circle() -> Application:
    return parse_application(CYCLE, "circle.yaml")


def test_the_entry_sets_the_cookie_of_sessions() -> None:
    sites = {name: behaviour.site for name, behaviour in standin_behaviours(circle()).items()}
    assert {name: [cookie.name for cookie in site.cookies] for name, site in sites.items() if site} == {
        "a": ["sid"],
        "b": [],
    }


def test_a_callee_with_methods_of_its_own_is_asked_for_one_of_them() -> None:
    from lab.standins.behaviour import Method

    refined = standin_behaviours(APPLICATION, {"api": {"methods": (Method(path="/shop.Items/List"),)}})
    assert ("API_GRPC", "api", 9000, "/shop.Items/List") in subjects(refined["web"])
    assert [method.path for method in refined["api"].methods] == ["/shop.Items/List"]
    assert refined["api"].ports == BEHAVIOURS["api"].ports


@pytest.mark.parametrize(
    ("form", "value", "address"),
    [
        ("http://{b}:80/x", "http://b-new.shop.svc:80/x", "b-new.shop.svc:80"),
        ("{b}", "b", "b:80"),
        ("{a}:1,{b}:80,{b}:81", "a:1,b:80,b:81", "b:80"),
        ("http://{b}:$(PORT)/", "http://b:80/", "b:80"),
        ("http://{b}:80/$(REST)", "http://b:80/x/y?z=1", "b:80"),
        ("postgres://me@{b}:80/x?y=1", "postgres://me@b:80/x?y=1", "b:80"),
        (None, "b:9", "b:9"),
        ("{b}:80", "", ""),
    ],
)
def test_the_address_is_read_in_the_form_of_the_application(form: str | None, value: str, address: str) -> None:
    call = StandinCall(variable="B", form=form, callee="b", port=80, path="/")
    assert call_address(call, {"B": value}) == address


def test_an_address_in_another_form_is_a_failure_that_says_so() -> None:
    call = StandinCall(variable="B", form="http://{b}:80", callee="b", port=80, path="/")
    with pytest.raises(CallError, match=re.escape("B is 'b:80', which is not of the form 'http://{b}:80'")):
        call_address(call, {"B": "b:80"})


def test_an_address_in_the_code_needs_no_variable() -> None:
    assert call_address(StandinCall(callee="b", port=80, path="/"), {}) == "b:80"
